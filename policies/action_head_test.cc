#include "policies/action_head.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

v1::EnvSpec SpecWithBounds(const std::vector<float>& low,
                           const std::vector<float>& high) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_action_size(low.size());
  spec.mutable_action_low()->Assign(low.begin(), low.end());
  spec.mutable_action_high()->Assign(high.begin(), high.end());
  return spec;
}

v1::EnvSpec SpecWithChoices(int num_choices) {
  v1::EnvSpec spec = SpecWithBounds({0}, {num_choices - 1.0f});
  spec.set_num_choices(num_choices);
  return spec;
}

v1::ActionHead Config(v1::ActionHead::Squash squash) {
  v1::ActionHead config;
  config.set_squash(squash);
  return config;
}

Eigen::VectorXf Apply(const ActionHead& head, std::vector<float> raw) {
  Eigen::VectorXf action(head.action_size());
  head.Apply(Eigen::Map<Eigen::VectorXf>(raw.data(), raw.size()), action);
  return action;
}

TEST(ActionHeadTest, ClipKeepsNumbersWithinBoundsAndCutsOthers) {
  const ActionHead head =
      *ActionHead::Create(Config(v1::ActionHead::CLIP),
                          SpecWithBounds({-1, -0.4f, 0}, {1, 0.4f, 0}));

  EXPECT_EQ(Apply(head, {0.25f, -0.1f, 0}), Eigen::Vector3f(0.25f, -0.1f, 0));
  EXPECT_EQ(Apply(head, {7, -7, 7}), Eigen::Vector3f(1, -0.4f, 0));
  EXPECT_EQ(Apply(head, {-kInfinity, kInfinity, -7}),
            Eigen::Vector3f(-1, 0.4f, 0));
}

TEST(ActionHeadTest, ClipLeavesUnboundedCoordinatesAlone) {
  const ActionHead head =
      *ActionHead::Create(Config(v1::ActionHead::CLIP),
                          SpecWithBounds({-kInfinity, 0}, {0, kInfinity}));

  EXPECT_EQ(Apply(head, {-1e30f, 1e30f}), Eigen::Vector2f(-1e30f, 1e30f));
  EXPECT_EQ(Apply(head, {1e30f, -1e30f}), Eigen::Vector2f(0, 0));
}

TEST(ActionHeadTest, TanhFollowsItsFormulaWithinRounding) {
  const std::vector<float> low = {-1, -0.4f, 2, -3};
  const std::vector<float> high = {1, 0.4f, 2.5f, 100};
  const ActionHead head = *ActionHead::Create(Config(v1::ActionHead::TANH),
                                              SpecWithBounds(low, high));
  Rng rng(3);
  for (int k = 0; k < 1000; ++k) {
    const float x = static_cast<float>(2 * rng.Normal());
    const Eigen::VectorXf action = Apply(head, {x, x, x, x});
    for (int i = 0; i < 4; ++i) {
      const double exact =
          low[i] + (double{high[i]} - low[i]) * (1 + std::tanh(x)) / 2;
      // A few roundings of numbers no larger than the largest bound.
      EXPECT_NEAR(action[i], exact,
                  8 * 0x1p-24 * std::max(std::abs(low[i]), std::abs(high[i])));
      EXPECT_GE(action[i], low[i]);
      EXPECT_LE(action[i], high[i]);
    }
  }
}

TEST(ActionHeadTest, TanhReachesBothBoundsExactly) {
  Rng rng(5);
  for (int k = 0; k < 200; ++k) {
    const float a = static_cast<float>(rng.Uniform(-10, 10));
    const float b = static_cast<float>(rng.Uniform(-10, 10));
    const float low = std::min(a, b), high = std::max(a, b);
    const ActionHead head = *ActionHead::Create(Config(v1::ActionHead::TANH),
                                                SpecWithBounds({low}, {high}));
    EXPECT_EQ(Apply(head, {50})[0], high);
    EXPECT_EQ(Apply(head, {-50})[0], low);
    EXPECT_EQ(Apply(head, {kInfinity})[0], high);
  }
}

TEST(ActionHeadTest, ChoiceIsTheLargestScoreAndTheLowestIndexAmongEquals) {
  const ActionHead head =
      *ActionHead::Create(v1::ActionHead(), SpecWithChoices(4));

  ASSERT_EQ(head.raw_size(), 4);
  ASSERT_EQ(head.action_size(), 1);
  EXPECT_EQ(Apply(head, {0, 1, 3, 2})[0], 2);
  EXPECT_EQ(Apply(head, {1, 3, 3, 0})[0], 1);
  EXPECT_EQ(Apply(head, {0, 0, 0, 0})[0], 0);
  EXPECT_EQ(Apply(head, {-kInfinity, -5, -kInfinity, kInfinity})[0], 3);
}

TEST(ActionHeadTest, NanStaysNan) {
  const v1::EnvSpec spec = SpecWithBounds({-1, -1}, {1, 1});
  for (const auto squash : {v1::ActionHead::CLIP, v1::ActionHead::TANH}) {
    const ActionHead head = *ActionHead::Create(Config(squash), spec);
    const Eigen::VectorXf action = Apply(head, {kNan, 0.5f});
    EXPECT_TRUE(std::isnan(action[0]));
    EXPECT_FALSE(std::isnan(action[1]));
  }
  const ActionHead choice =
      *ActionHead::Create(v1::ActionHead(), SpecWithChoices(3));
  EXPECT_TRUE(std::isnan(Apply(choice, {kNan, 1, 2})[0]));
  EXPECT_TRUE(std::isnan(Apply(choice, {0, 1, kNan})[0]));
}

TEST(ActionHeadTest, TanhWithAnInfiniteBoundIsRefusedWithTheWayOut) {
  const auto head = ActionHead::Create(Config(v1::ActionHead::TANH),
                                       SpecWithBounds({-1, 0}, {1, kInfinity}));

  ASSERT_EQ(head.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(head.status().message());
  EXPECT_NE(message.find("coordinate 1"), std::string::npos) << message;
  EXPECT_NE(message.find("squash: CLIP"), std::string::npos) << message;
}

TEST(ActionHeadTest, BoundsThatDisagreeWithTheSizeOrWithEachOtherAreRefused) {
  v1::EnvSpec spec = SpecWithBounds({-1, -1}, {1, 1});
  spec.set_action_size(3);
  EXPECT_EQ(ActionHead::Create(v1::ActionHead(), spec).status().code(),
            absl::StatusCode::kInvalidArgument);
  for (const float low : {2.0f, kNan}) {
    EXPECT_EQ(ActionHead::Create(v1::ActionHead(), SpecWithBounds({low}, {1}))
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(ActionHead::Create(v1::ActionHead(), v1::EnvSpec()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace starling
