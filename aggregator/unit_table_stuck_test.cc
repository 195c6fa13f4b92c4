// Units that hang: the table never leaves them out, and says when the run can't
// go on.
#include <chrono>
#include <vector>

#include "aggregator/unit_table.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

class UnitTableStuckTest : public testing::Test {
 protected:
  UnitTableStuckTest() : table_(LeaseRules(), 1) {
    table_.AddSession(1, 1);
    table_.Start(3, 1);
  }

  std::vector<UnitTable::Grant> Acquire(uint64_t session) {
    return table_.Acquire(session, 1, now_);
  }
  // Takes the unit and answers so.
  void Report(uint64_t session, v1::RolloutResult::Status status) {
    const auto grants = Acquire(session);
    ASSERT_EQ(grants.size(), 1u);
    v1::RolloutResult result;
    result.set_generation(table_.generation());
    result.set_status(status);
    const auto submission =
        table_.Submit(session, grants[0].lease, result, now_);
    EXPECT_EQ(submission.verdict, v1::WorkReply::ACCEPTED);
    EXPECT_EQ(submission.counts, status == v1::RolloutResult::OK);
  }

  UnitTable table_;
  const UnitTable::Time now_{std::chrono::hours(1)};
};

TEST_F(UnitTableStuckTest, ThreeReportsOfOneSessionAreEnoughWhereNoOtherLives) {
  Report(1, v1::RolloutResult::STUCK);
  Report(1, v1::RolloutResult::STUCK);
  EXPECT_FALSE(table_.stuck_unit().has_value());
  Report(1, v1::RolloutResult::STUCK);

  EXPECT_EQ(table_.stuck_unit(), 0);
  EXPECT_FALSE(table_.complete());
  EXPECT_TRUE(table_.pending(0));
  table_.Start(4, 1);
  EXPECT_FALSE(table_.stuck_unit().has_value());
}

TEST_F(UnitTableStuckTest, TheLastWordIsAnothersIfOneLives) {
  table_.AddSession(2, 1);
  Report(1, v1::RolloutResult::STUCK);
  Report(1, v1::RolloutResult::STUCK);

  EXPECT_TRUE(Acquire(1).empty());
  Report(2, v1::RolloutResult::STUCK);

  EXPECT_EQ(table_.stuck_unit(), 0);
}

TEST_F(UnitTableStuckTest, OtherFailuresAreCountedByThemselves) {
  Report(1, v1::RolloutResult::STUCK);
  Report(1, v1::RolloutResult::CRASHED);
  Report(1, v1::RolloutResult::STUCK);
  Report(1, v1::RolloutResult::CRASHED);

  EXPECT_FALSE(table_.stuck_unit().has_value());
  EXPECT_FALSE(table_.complete());
}

TEST_F(UnitTableStuckTest, AUnitThatSomebodyAnswersIsDone) {
  Report(1, v1::RolloutResult::STUCK);
  Report(1, v1::RolloutResult::STUCK);
  Report(1, v1::RolloutResult::OK);

  EXPECT_FALSE(table_.stuck_unit().has_value());
  EXPECT_TRUE(table_.complete());
}

}  // namespace
}  // namespace starling
