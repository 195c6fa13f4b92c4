#include "nas/pointer_net.h"

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

constexpr char kSmall[] = R"(
  decisions { name: "edges" many_of { k: 3 num_candidates: 5 } }
  decisions { name: "deep" boolean {} }
  decisions { name: "act" one_of { num_candidates: 3 count: 2 }
              only_if { decision: "deep" values: 1 } })";

class PointerNetTest : public testing::Test {
 protected:
  void SetUp() override {
    parameters_ = net_.InitialParameters(Rng(1));
    // Larger than at the start, so that everything bends.
    for (float& p : parameters_) p *= 3;
    net_.SetParameters(parameters_);
  }

  const SearchSpace space_ = TestSpace(kSmall);
  PointerNet net_{&space_, 6};
  std::vector<float> parameters_;
};

TEST_F(PointerNetTest, DrawsHaveTheProbabilitiesThatItTells) {
  constexpr int kDraws = 20'000;
  std::map<Pointings, int> counts;
  Rng rng(2);
  for (int i = 0; i < kDraws; ++i) ++counts[net_.Sample(&rng)];

  // 5 4 3 orders of edges, and 1 + 9 ways to go on.
  double sum = 0;
  for (const auto& [pointings, count] : counts) {
    const double p = std::exp(net_.Accumulate(pointings, 0, 0, nullptr));
    sum += p;
    // 5 standard errors, for one of up to 600 to be this far off once in 3,000.
    EXPECT_NEAR(count, kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p)) + 1);
  }
  EXPECT_GT(sum, 0.98);
  EXPECT_LT(sum, 1 + 1e-4);
}

TEST_F(PointerNetTest, GradientIsThatOfFiniteDifferences) {
  Rng rng(3);
  Pointings pointings;
  do {
    pointings = net_.Sample(&rng);
  } while (pointings[2].empty());
  std::vector<float> gradient(net_.num_parameters());
  net_.Accumulate(pointings, 1, 0, &gradient);
  // Along random directions: a single coordinate's share drowns in rounding.
  for (int trial = 0; trial < 20; ++trial) {
    constexpr double kStep = 1e-2;
    std::vector<float> up = parameters_, down = parameters_;
    double slope = 0;
    for (size_t i = 0; i < up.size(); ++i) {
      const double z = rng.Normal() / std::sqrt(up.size());
      up[i] += static_cast<float>(kStep * z);
      down[i] -= static_cast<float>(kStep * z);
      slope += z * gradient[i];
    }
    net_.SetParameters(up);
    const double high = net_.Accumulate(pointings, 0, 0, nullptr);
    net_.SetParameters(down);
    const double low = net_.Accumulate(pointings, 0, 0, nullptr);
    // Rounding of the sums of logs, 1e-6 / step; O(step^2).
    EXPECT_NEAR((high - low) / (2 * kStep), slope,
                1e-3 + 0.01 * std::abs(slope));
  }
}

TEST_F(PointerNetTest, ParametersThatAreNotReadHaveNoGradient) {
  Rng rng(4);
  Pointings pointings;
  do {
    pointings = net_.Sample(&rng);
  } while (!pointings[2].empty());
  std::vector<float> gradient(net_.num_parameters());
  net_.Accumulate(pointings, 1, 0.1, &gradient);
  int num_zero = 0;
  for (const float g : gradient) num_zero += g == 0;
  // "act": embeddings 3, start, places 2; [6] each. The start of "deep" is
  // read.
  EXPECT_GE(num_zero, 6 * 6);
  EXPECT_LT(num_zero, net_.num_parameters() / 2);
}

TEST_F(PointerNetTest, SetsHaveDifferentMembers) {
  Rng rng(6);
  for (int i = 0; i < 200; ++i) {
    const Pointings pointings = net_.Sample(&rng);
    EXPECT_EQ(
        std::set<int32_t>(pointings[0].begin(), pointings[0].end()).size(), 3u);
  }
  EXPECT_TRUE(space_.Validate(net_.ToChoices(net_.Greedy())).ok());
}

}  // namespace
}  // namespace starling
