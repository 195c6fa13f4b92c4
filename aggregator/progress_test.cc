#include "aggregator/progress.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

v1::WorkUnit Unit(v1::WorkUnit::Kind kind) {
  v1::WorkUnit unit;
  unit.set_kind(kind);
  return unit;
}

v1::RolloutResult Result(const std::vector<double>& returns, uint32_t length) {
  v1::RolloutResult result;
  for (const double value : returns) {
    result.add_returns(value);
    result.add_lengths(length);
  }
  return result;
}

v1::RolloutResult Failure() {
  v1::RolloutResult result;
  result.set_status(v1::RolloutResult::DIVERGED);
  return result;
}

TEST(SummarizeTest, CountsTheEpisodesOfOneKindThatDidNotFail) {
  const std::vector<v1::WorkUnit> units = {
      Unit(v1::WorkUnit::TRAIN), Unit(v1::WorkUnit::TRAIN),
      Unit(v1::WorkUnit::TRAIN), Unit(v1::WorkUnit::EVAL_FIXED)};
  const std::vector<v1::RolloutResult> results = {
      Result({1, 2}, 10), Failure(), Result({6, 7}, 20), Result({100}, 1)};

  const ReturnSummary summary = Summarize(units, results, v1::WorkUnit::TRAIN);

  EXPECT_EQ(summary.episodes, 4);
  EXPECT_EQ(summary.failed_units, 1);
  EXPECT_EQ(summary.mean, 4);
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.max, 7);
  // Deviations -3 -2 2 3.
  EXPECT_EQ(summary.std, std::sqrt(6.5));
  EXPECT_EQ(summary.mean_length, 15);
}

TEST(SummarizeTest, NothingSucceededIsAllZeros) {
  const ReturnSummary summary =
      Summarize({Unit(v1::WorkUnit::TRAIN)}, {Failure()}, v1::WorkUnit::TRAIN);

  EXPECT_EQ(summary.episodes, 0);
  EXPECT_EQ(summary.failed_units, 1);
  EXPECT_EQ(summary.mean, 0);
}

}  // namespace
}  // namespace starling
