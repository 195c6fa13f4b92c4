#include "nas/objectives.h"

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

using Slots = std::vector<std::optional<Objectives>>;

std::optional<Objectives> Seen(double mean_return, double cost) {
  Objectives objectives;
  objectives.mean_return = mean_return;
  objectives.cost = cost;
  return objectives;
}

TEST(ObjectivesTest, WithoutALimitOnlyReturnsCount) {
  Slots slots = {Seen(1, 5), std::nullopt, Seen(3, 9e9)};
  ASSERT_TRUE(Score({}, absl::MakeSpan(slots)).ok());
  EXPECT_DOUBLE_EQ(slots[0]->score, -1);
  EXPECT_DOUBLE_EQ(slots[2]->score, 1);
  EXPECT_FALSE(slots[1].has_value());
}

TEST(ObjectivesTest, ThePenaltyIsOnStandardisedReturnsSoTheSignDoesNotMatter) {
  v1::ObjectivesConfig config;
  config.set_limit(64);
  for (const double shift : {-1000.0, 1000.0}) {
    Slots slots = {Seen(shift, 64), Seen(shift, 128), Seen(shift + 1, 64)};
    ASSERT_TRUE(Score(config, absl::MakeSpan(slots)).ok());
    EXPECT_NEAR(slots[0]->score - slots[1]->score, 0.5 * std::log(2), 1e-9);
    EXPECT_GT(slots[2]->score, slots[0]->score);
  }
}

TEST(ObjectivesTest, AConstraintPutsWhatIsTooLargeLast) {
  v1::ObjectivesConfig config;
  config.set_limit(10);
  config.mutable_constraint();
  Slots slots = {Seen(100, 40), Seen(50, 11), Seen(-7, 10), Seen(2, 3)};
  ASSERT_TRUE(Score(config, absl::MakeSpan(slots)).ok());
  EXPECT_LT(slots[0]->score, slots[1]->score);
  EXPECT_LT(slots[1]->score, slots[2]->score);
  EXPECT_LT(slots[2]->score, slots[3]->score);
}

TEST(ObjectivesTest, AProductNeedsAnOffsetThatMakesReturnsPositive) {
  v1::ObjectivesConfig config;
  config.set_limit(64);
  config.mutable_product();
  EXPECT_EQ(CheckObjectives(config).code(), absl::StatusCode::kInvalidArgument);
  config.mutable_product()->set_reward_offset(1000);
  ASSERT_TRUE(CheckObjectives(config).ok());

  Slots slots = {Seen(-100, 128), Seen(-100, 64)};
  ASSERT_TRUE(Score(config, absl::MakeSpan(slots)).ok());
  EXPECT_NEAR(slots[0]->score, 450, 1e-9);
  EXPECT_NEAR(slots[1]->score, 900, 1e-9);

  slots.push_back(Seen(-1000, 64));
  const absl::Status status = Score(config, absl::MakeSpan(slots));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("a return was -1000"),
            absl::string_view::npos);
}

TEST(ObjectivesTest, RefusesWhatCannotBeMeant) {
  v1::ObjectivesConfig config;
  config.mutable_penalty();
  EXPECT_NE(CheckObjectives(config).message().find("objectives.limit"),
            absl::string_view::npos);
  config.Clear();
  config.set_cost(v1::ObjectivesConfig::LATENCY);
  EXPECT_NE(CheckObjectives(config).message().find("bench latency"),
            absl::string_view::npos);
  EXPECT_TRUE(CheckObjectives({}).ok());
}

TEST(ObjectivesTest, EqualValuesHaveNoScore) {
  EXPECT_EQ(ZScores(std::vector<double>(5, 0.1)), std::vector<double>(5));
  EXPECT_TRUE(ZScores({}).empty());
}

}  // namespace
}  // namespace starling
