#include "policies/vision/controller_net.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

ControllerNet Make(const v1::Lstm* lstm, const v1::Mlp* mlp, int inputs,
                   int outputs) {
  auto net = ControllerNet::Create("test", lstm, mlp, inputs, outputs);
  EXPECT_TRUE(net.ok()) << net.status();
  return *std::move(net);
}

std::vector<float> Random(int n, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> x(n);
  for (float& value : x) value = 0.7f * static_cast<float>(rng.Normal());
  return x;
}

double Squash(double x) { return 1 / (1 + std::exp(-x)); }

TEST(ControllerNetTest, AnLstmIsTheOneOfThePaper) {
  constexpr int kInputs = 5, kUnits = 3, kOutputs = 2;
  v1::Lstm lstm;
  lstm.set_hidden(kUnits);
  ControllerNet net = Make(&lstm, nullptr, kInputs, kOutputs);
  ASSERT_EQ(net.num_parameters(),
            4 * kUnits * (kInputs + kUnits + 2) + kOutputs * (kUnits + 1));
  const std::vector<float> theta = Random(net.num_parameters(), 1);
  net.SetParameters(theta.data());

  // In the order of the header.
  const float* const input = theta.data();
  const float* const state = input + 4 * kUnits * kInputs;
  const float* const input_offsets = state + 4 * kUnits * kUnits;
  const float* const state_offsets = input_offsets + 4 * kUnits;
  const float* const output = state_offsets + 4 * kUnits;
  const float* const output_offsets = output + kOutputs * kUnits;
  for (int episode = 0; episode < 2; ++episode) {
    net.Reset();
    std::vector<double> cell(kUnits), hidden(kUnits);
    for (int step = 0; step < 4; ++step) {
      const std::vector<float> x = Random(kInputs, 10 + step);
      double gates[4 * kUnits];
      for (int g = 0; g < 4 * kUnits; ++g) {
        gates[g] = double{input_offsets[g]} + double{state_offsets[g]};
        for (int i = 0; i < kInputs; ++i) {
          gates[g] += double{input[g * kInputs + i]} * double{x[i]};
        }
        for (int i = 0; i < kUnits; ++i) {
          gates[g] += double{state[g * kUnits + i]} * hidden[i];
        }
      }
      for (int i = 0; i < kUnits; ++i) {
        cell[i] = Squash(gates[kUnits + i]) * cell[i] +
                  Squash(gates[i]) * std::tanh(gates[2 * kUnits + i]);
      }
      for (int i = 0; i < kUnits; ++i) {
        hidden[i] = Squash(gates[3 * kUnits + i]) * std::tanh(cell[i]);
      }
      float out[kOutputs];
      net.Act(x.data(), out);
      for (int o = 0; o < kOutputs; ++o) {
        double sum = double{output_offsets[o]};
        for (int i = 0; i < kUnits; ++i) {
          sum += double{output[o * kUnits + i]} * hidden[i];
        }
        EXPECT_NEAR(double{out[o]}, sum, 1e-5);
      }
    }
  }
}

TEST(ControllerNetTest, FullyConnectedLayersKeepNothing) {
  v1::Mlp mlp;
  mlp.add_hidden(4);
  mlp.add_hidden(3);
  ControllerNet net = Make(nullptr, &mlp, 2, 1);
  ASSERT_EQ(net.num_parameters(), 4 * 3 + 3 * 5 + 4);
  const std::vector<float> theta = Random(net.num_parameters(), 2);
  net.SetParameters(theta.data());
  std::vector<double> x = {0.3, -0.8};
  const float* at = theta.data();
  for (const int units : {4, 3, 1}) {
    std::vector<double> y(units);
    for (int i = 0; i < units; ++i) {
      for (size_t j = 0; j < x.size(); ++j) {
        y[i] += double{at[i * x.size() + j]} * x[j];
      }
    }
    at += units * x.size();
    for (int i = 0; i < units; ++i) {
      y[i] += double{*at++};
      if (units > 1) y[i] = std::tanh(y[i]);
    }
    x = y;
  }
  const float input[] = {0.3f, -0.8f};
  float out = 0, again = 0;
  net.Act(input, &out);
  net.Act(input, &again);
  EXPECT_NEAR(double{out}, x[0], 1e-6);
  EXPECT_EQ(out, again);

  // No hidden layers, no offsets: a matrix.
  v1::Mlp linear;
  linear.set_bias(false);
  EXPECT_EQ(Make(nullptr, &linear, 7, 2).num_parameters(), 14);
}

TEST(ControllerNetTest, LayoutAndCostCoverTheParameters) {
  v1::Mlp mlp;
  mlp.add_hidden(6);
  for (const bool recurrent : {false, true}) {
    const ControllerNet net = Make(nullptr, recurrent ? nullptr : &mlp, 5, 2);
    ParameterLayout layout;
    net.AddLayout(100, &layout);
    int next = 100;
    for (const ParameterBlock& block : layout) {
      EXPECT_EQ(block.offset, next) << block.name;
      next += block.rows * block.cols;
    }
    EXPECT_EQ(next, 100 + net.num_parameters());
    PolicyCost cost;
    net.AddCost(&cost);
    EXPECT_EQ(cost.weights + cost.biases, net.num_parameters());
  }
}

TEST(ControllerNetTest, NanComesThrough) {
  ControllerNet net = Make(nullptr, nullptr, 2, 1);
  const std::vector<float> theta = Random(net.num_parameters(), 2);
  net.SetParameters(theta.data());
  const float input[] = {std::numeric_limits<float>::quiet_NaN(), 1};
  float out = 0;
  net.Act(input, &out);
  EXPECT_TRUE(std::isnan(out));
}

TEST(ControllerNetTest, RefusesWhatIsTooLarge) {
  v1::Mlp mlp;
  mlp.add_hidden(65536);
  const auto net = ControllerNet::Create("test", nullptr, &mlp, 1 << 20, 2);
  ASSERT_EQ(net.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(net.status().ToString().find("policy.test"), std::string::npos);
}

}  // namespace
}  // namespace starling
