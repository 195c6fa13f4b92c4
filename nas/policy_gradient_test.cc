#include <algorithm>
#include <cmath>
#include <numeric>

#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

// Eight of 32 candidates matter.
double NumGood(const Choices& choices) {
  return std::count_if(choices[0].begin(), choices[0].end(),
                       [](int32_t edge) { return edge % 4 == 0; });
}

class PolicyGradientTest : public testing::TestWithParam<const char*> {};

TEST_P(PolicyGradientTest, FindsTheSetThatMatters) {
  const SearchSpace space = TestSpace(
      R"(decisions { name: "edges" many_of { k: 8 num_candidates: 32 } })");
  const auto controller = *MakeController(GetParam(), space);

  Search(*controller, 150, 40, NumGood);

  EXPECT_EQ(NumGood(controller->Best()), 8);
  const auto probabilities = controller->Probabilities();
  EXPECT_NEAR(
      std::accumulate(probabilities[0].begin(), probabilities[0].end(), 0.0), 8,
      1e-9);
  EXPECT_GT(probabilities[0][4], 0.8);
}

INSTANTIATE_TEST_SUITE_P(
    Options, PolicyGradientTest,
    testing::Values("policy_gradient {}", "policy_gradient { step_size: 0.2 }",
                    "policy_gradient { ppo { epochs: 4 minibatch: 16 } }"));

TEST(PolicyGradientTest, FindsNumbersAndWhatHangsOnAChoice) {
  const SearchSpace space = TestSpace(R"(
    decisions { name: "deep" boolean {} }
    decisions { name: "rate" real { min: 0 max: 1 }
                only_if { decision: "deep" values: 1 } }
    decisions { name: "steps" integer { min: 1 max: 5 } })");
  const auto controller =
      *MakeController("policy_gradient { entropy: 0 }", space);

  Search(*controller, 300, 40, [&](const Choices& choices) {
    const double rate =
        choices[0][0] == 1 ? space.Number(1, choices[1][0]) : 2.0;
    return -std::abs(rate - 0.8) - std::abs(choices[2][0] - 4);
  });

  const Choices best = controller->Best();
  ASSERT_EQ(best[0], std::vector<int32_t>{1});
  EXPECT_NEAR(space.Number(1, best[1][0]), 0.8, 0.05);
  EXPECT_EQ(best[2], std::vector<int32_t>{4});
}

TEST(PolicyGradientTest, EqualScoresTeachNothing) {
  const SearchSpace space = TestSpace(kEveryKind);
  const auto controller = *MakeController("policy_gradient {}", space);
  const std::string before = controller->Save();
  Search(*controller, 3, 10, [](const Choices&) { return 5.0; });
  EXPECT_EQ(controller->Save(), before);
}

TEST(PolicyGradientTest, EntropyKeepsTheDistributionOpen) {
  const SearchSpace space =
      TestSpace(R"(decisions { name: "x" one_of { num_candidates: 4 } })");
  const auto certain = *MakeController("policy_gradient { entropy: 0 }", space);
  const auto open = *MakeController("policy_gradient { entropy: 1 }", space);
  const auto score = [](const Choices& choices) { return choices[0][0] == 2; };
  Search(*certain, 300, 20, score);
  Search(*open, 300, 20, score);
  EXPECT_GT(certain->Probabilities()[0][2], 0.95);
  EXPECT_LT(open->Probabilities()[0][2], certain->Probabilities()[0][2]);
  EXPECT_EQ(open->Best()[0][0], 2);
}

}  // namespace
}  // namespace starling
