#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

v1::EnvSpec Spec(int state_size, int action_size, float bound) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_state_size(state_size);
  spec.set_action_size(action_size);
  for (int i = 0; i < action_size; ++i) {
    spec.add_action_low(-bound);
    spec.add_action_high(bound);
  }
  return spec;
}

v1::PolicyConfig MlpConfig(const std::vector<int>& hidden,
                           v1::Mlp::Activation activation, bool bias) {
  v1::PolicyConfig config;
  config.mutable_mlp()->mutable_hidden()->Assign(hidden.begin(), hidden.end());
  config.mutable_mlp()->set_activation(activation);
  config.mutable_mlp()->set_bias(bias);
  return config;
}

v1::PolicyConfig LinearConfig(bool bias) {
  v1::PolicyConfig config;
  config.mutable_linear()->set_bias(bias);
  return config;
}

Eigen::VectorXf Normals(int n, uint64_t key) {
  Rng rng(key);
  Eigen::VectorXf z(n);
  for (float& value : z) value = static_cast<float>(rng.Normal());
  return z;
}

Eigen::VectorXf Act(Policy& policy, const Eigen::VectorXf& state, int size) {
  Observation observation;
  new (&observation.state)
      Eigen::Map<const Eigen::VectorXf>(state.data(), state.size());
  Eigen::VectorXf action(size);
  policy.Act(observation, action);
  return action;
}

double Activate(v1::Mlp::Activation activation, double x) {
  switch (activation) {
    case v1::Mlp::TANH:
      return std::tanh(x);
    case v1::Mlp::RELU:
      return std::max(x, 0.0);
    case v1::Mlp::SIGMOID:
      return 1 / (1 + std::exp(-x));
  }
  return std::nan("");
}

// What the network should answer, in double precision, by the description of
// its parameters alone.
std::vector<double> Oracle(const std::vector<int>& sizes,
                           v1::Mlp::Activation activation, bool bias,
                           const Eigen::VectorXf& theta,
                           const Eigen::VectorXf& state) {
  std::vector<double> values(state.begin(), state.end());
  int next = 0;
  for (size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
    std::vector<double> sums(sizes[layer + 1], 0.0);
    for (double& sum : sums) {
      for (int i = 0; i < sizes[layer]; ++i) sum += theta[next++] * values[i];
    }
    for (double& sum : sums) sum += bias ? theta[next++] : 0;
    if (layer + 2 < sizes.size()) {
      for (double& sum : sums) sum = Activate(activation, sum);
    }
    values = sums;
  }
  return values;
}

TEST(MlpTest, AnswersLikeADoublePrecisionOracle) {
  const std::vector<std::vector<int>> hiddens = {{}, {16}, {33, 5}, {7, 64, 9}};
  for (const auto& hidden : hiddens) {
    for (const bool bias : {false, true}) {
      for (const auto activation :
           {v1::Mlp::TANH, v1::Mlp::RELU, v1::Mlp::SIGMOID}) {
        const auto policy = *PolicyRegistry::Make(
            MlpConfig(hidden, activation, bias), Spec(19, 6, 1e6));
        const Eigen::VectorXf theta =
            0.3f * Normals(policy->num_parameters(), 11);
        const Eigen::VectorXf state = Normals(19, 12);
        std::vector<int> sizes = {19};
        sizes.insert(sizes.end(), hidden.begin(), hidden.end());
        sizes.push_back(6);

        policy->SetParameters(theta);
        const Eigen::VectorXf action = Act(*policy, state, 6);

        const auto exact = Oracle(sizes, activation, bias, theta, state);
        for (int i = 0; i < 6; ++i) {
          // Sums of at most 65 terms of size about 1 (2^-24 each), through at
          // most four layers that stretch errors by less than 3.
          EXPECT_NEAR(action[i], exact[i], 1e-4 * (1 + std::abs(exact[i])));
        }
      }
    }
  }
}

TEST(LinearTest, IsTheMatrixTimesTheStatePlusTheOffset) {
  const auto policy =
      *PolicyRegistry::Make(LinearConfig(true), Spec(2, 2, 100));
  Eigen::VectorXf theta(6);
  theta << 1, 2, 3, 4, 10, 20;  // rows (1 2), (3 4); offsets 10, 20

  policy->SetParameters(theta);

  EXPECT_EQ(Act(*policy, Eigen::Vector2f(1, -1), 2), Eigen::Vector2f(9, 19));
}

TEST(LinearTest, StartsAtZero) {
  const auto policy = *PolicyRegistry::Make(LinearConfig(true), Spec(17, 6, 1));
  Eigen::VectorXf theta = Normals(policy->num_parameters(), 1);
  policy->InitialParameters(Rng(1), theta);
  EXPECT_TRUE(theta.isZero(0));
  EXPECT_EQ(theta.size(), 17 * 6 + 6);
}

TEST(MlpTest, InitialWeightsHaveTheDocumentedSpreadAndOffsetsAreZero) {
  v1::PolicyConfig config = MlpConfig({400, 100}, v1::Mlp::TANH, true);
  config.mutable_mlp()->set_output_scale(0.01f);
  const auto policy = *PolicyRegistry::Make(config, Spec(100, 50, 1));
  Eigen::VectorXf theta(policy->num_parameters());
  policy->InitialParameters(Rng(4), theta);

  const std::vector<double> deviations = {1 / 10.0, 1 / 20.0, 0.01 / 10.0};
  size_t layer = 0;
  for (const ParameterBlock& block : policy->layout()) {
    const auto values = theta.segment(block.offset, block.rows * block.cols);
    if (block.cols == 1) {
      EXPECT_TRUE(values.isZero(0)) << block.name;
      continue;
    }
    // 5000 numbers or more: the deviation's standard error is below 1 %.
    EXPECT_NEAR(std::sqrt(values.squaredNorm() / values.size()),
                deviations[layer], 0.05 * deviations[layer])
        << block.name;
    ++layer;
  }
  EXPECT_EQ(layer, 3u);
}

TEST(LinearTest, WithoutAStateTheOffsetIsTheAction) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto policy =
      *PolicyRegistry::Make(LinearConfig(true), Spec(0, 3, infinity));
  const Eigen::Vector3f theta(1.5f, -2e9f, 0.25f);

  policy->SetParameters(theta);

  EXPECT_EQ(policy->num_parameters(), 3);
  EXPECT_EQ(Act(*policy, Eigen::VectorXf(), 3), theta);
}

TEST(LinearTest, WithoutAStateAndWithoutAnOffsetIsRefused) {
  const auto policy = PolicyRegistry::Make(LinearConfig(false), Spec(0, 3, 1));

  ASSERT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(policy.status().ToString().find("set bias: true"),
            std::string::npos)
      << policy.status();
}

TEST(LinearTest, AnEnvironmentWithOnlyImagesIsRefusedWithTheWayOut) {
  v1::EnvSpec spec = Spec(0, 3, 1);
  spec.set_image_height(84);
  spec.set_image_width(60);
  spec.set_image_channels(3);
  const auto policy = PolicyRegistry::Make(LinearConfig(true), spec);

  ASSERT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(policy.status().ToString().find("84 x 60 x 3"), std::string::npos);
  EXPECT_NE(policy.status().ToString().find("policy that reads images"),
            std::string::npos);
}

TEST(MlpTest, ASizeThatCannotBeHeldIsRefusedWithTheCount) {
  const auto policy = PolicyRegistry::Make(
      MlpConfig({65536, 65536}, v1::Mlp::TANH, false), Spec(1, 1, 1));

  ASSERT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(policy.status().ToString().find("4295098368 parameters"),
            std::string::npos)
      << policy.status();
}

}  // namespace
}  // namespace starling
