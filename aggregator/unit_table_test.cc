#include "aggregator/unit_table.h"

#include <vector>

#include "aggregator/unit_table_fixture.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

class UnitTableTest : public UnitTableFixture {};

TEST_F(UnitTableTest, ExpiredLeaseIsHandedOutAgain) {
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);
  table_.Start(7, 1);
  const auto first = Acquire(1, 1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(Acquire(2, 1).empty());

  Pass(first[0].ttl);
  table_.Expire(now_);
  const auto second = Acquire(2, 1);

  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].unit, first[0].unit);
  EXPECT_EQ(Submit(1, first[0]), v1::WorkReply::ACCEPTED)
      << "late, but the first valid answer";
  EXPECT_EQ(Submit(2, second[0]), v1::WorkReply::DUPLICATE);
  EXPECT_TRUE(table_.complete());
}

TEST_F(UnitTableTest, HeartbeatKeepsALeaseAliveAndRevivesALostOne) {
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);
  table_.Start(0, 1);
  const auto grant = Acquire(1, 1)[0];

  for (int i = 0; i < 5; ++i) {
    Pass(grant.ttl - milliseconds(1));
    EXPECT_TRUE(table_.Heartbeat(1, {grant.lease}, now_).empty());
    table_.Expire(now_);
  }
  EXPECT_EQ(table_.copies(0), 1);
  Pass(grant.ttl);
  table_.Expire(now_);
  EXPECT_TRUE(table_.pending(0));
  EXPECT_TRUE(table_.Heartbeat(1, {grant.lease}, now_).empty());
  EXPECT_EQ(table_.copies(0), 1);
  EXPECT_FALSE(table_.pending(0));
}

TEST_F(UnitTableTest, LeaseThatNeverArrivedReturnsSoon) {
  table_.AddSession(1, 2);
  table_.Start(0, 2);
  const auto grants = Acquire(1, 2);

  EXPECT_TRUE(table_.Heartbeat(1, {grants[0].lease}, now_).empty());
  EXPECT_EQ(table_.num_pending(), 0) << "it may be on its way";
  Pass(LeaseRules().lost_after);
  EXPECT_TRUE(table_.Heartbeat(1, {grants[0].lease}, now_).empty());

  EXPECT_FALSE(table_.pending(grants[0].unit));
  EXPECT_TRUE(table_.pending(grants[1].unit));
}

TEST_F(UnitTableTest, DroppedSessionReturnsItsLeasesAtOnce) {
  table_.AddSession(1, 4);
  table_.Start(0, 4);
  EXPECT_EQ(Acquire(1, 4).size(), 4u);

  table_.Drop(1);

  EXPECT_EQ(table_.num_pending(), 4);
  EXPECT_EQ(table_.total_slots(), 0);
  EXPECT_TRUE(Acquire(1, 1).empty());
}

TEST_F(UnitTableTest, HeirKeepsLeasesAndMayAnswerLostOnes) {
  table_.AddSession(1, 2);
  table_.Start(0, 2);
  const auto grants = Acquire(1, 2);
  table_.AddSession(2, 2);

  table_.Inherit(1, 2);
  table_.Drop(1);

  EXPECT_EQ(table_.num_pending(), 0);
  EXPECT_EQ(Submit(1, grants[0]), v1::WorkReply::REJECTED);
  EXPECT_EQ(Submit(2, grants[0]), v1::WorkReply::ACCEPTED);
  table_.Drop(2);
  EXPECT_EQ(table_.num_pending(), 1);
  table_.AddSession(3, 2);
  table_.Inherit(2, 3);
  EXPECT_EQ(Submit(3, grants[1]), v1::WorkReply::ACCEPTED);
}

TEST_F(UnitTableTest, AnswersOfOtherGenerationsChangeNothing) {
  table_.AddSession(1, 2);
  table_.Start(3, 1);
  const auto old = Acquire(1, 1)[0];
  EXPECT_EQ(Submit(1, old), v1::WorkReply::ACCEPTED);

  table_.Start(4, 1);

  EXPECT_EQ(table_.Submit(1, old.lease, Answer(3, 0), now_).verdict,
            v1::WorkReply::STALE);
  EXPECT_EQ(table_.Submit(1, old.lease, Answer(5, 0), now_).verdict,
            v1::WorkReply::REJECTED);
  EXPECT_EQ(table_.Submit(1, old.lease, Answer(4, 0), now_).verdict,
            v1::WorkReply::REJECTED)
      << "its lease was for the last generation";
  EXPECT_EQ(table_.num_done(), 0);
}

TEST_F(UnitTableTest, ForeignLeaseWrongUnitAndUnknownUnitAreRejected) {
  table_.AddSession(1, 2);
  table_.AddSession(2, 2);
  table_.Start(0, 2);
  const auto mine = Acquire(1, 1)[0];
  const auto other = Acquire(2, 1)[0];

  EXPECT_EQ(Submit(1, other), v1::WorkReply::REJECTED);
  EXPECT_EQ(table_.Submit(1, mine.lease, Answer(0, other.unit), now_).verdict,
            v1::WorkReply::REJECTED);
  EXPECT_EQ(table_.Submit(1, mine.lease, Answer(0, 2), now_).verdict,
            v1::WorkReply::REJECTED);
  EXPECT_EQ(table_.Submit(1, 999, Answer(0, 0), now_).verdict,
            v1::WorkReply::REJECTED);
  EXPECT_EQ(table_.num_done(), 0);
  EXPECT_EQ(table_.counters().rejected, 4u);
}

TEST_F(UnitTableTest, OldestStragglerIsCopiedOnceAndTheLoserCancelled) {
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);
  table_.AddSession(3, 1);
  table_.Start(0, 22);
  Observe(20);
  const auto slow = Acquire(1, 1)[0];
  const auto other = Acquire(2, 1)[0];

  EXPECT_TRUE(Acquire(3, 1).empty()) << "too young to be a straggler";
  EXPECT_TRUE(table_.next_copy().has_value());
  now_ = *table_.next_copy();
  const auto copy = Acquire(3, 1);

  ASSERT_EQ(copy.size(), 1u);
  EXPECT_EQ(copy[0].unit, slow.unit);
  EXPECT_EQ(Submit(2, other), v1::WorkReply::ACCEPTED);
  EXPECT_TRUE(Acquire(2, 1).empty()) << "two copies are enough";
  EXPECT_EQ(Submit(3, copy[0]), v1::WorkReply::ACCEPTED);
  EXPECT_EQ(table_.Heartbeat(1, {slow.lease}, now_),
            std::vector<UnitTable::LeaseId>{slow.lease});
  EXPECT_EQ(Submit(1, slow), v1::WorkReply::DUPLICATE);
}

TEST_F(UnitTableTest, NanEndsAUnitAtOnce) {
  table_.AddSession(1, 1);
  table_.Start(0, 1);

  EXPECT_EQ(Submit(1, Acquire(1, 1)[0], v1::RolloutResult::DIVERGED),
            v1::WorkReply::ACCEPTED);

  EXPECT_TRUE(table_.complete());
  EXPECT_EQ(table_.result(0).status(), v1::RolloutResult::DIVERGED);
}

TEST_F(UnitTableTest, CrashesEndAUnitAfterThreeReportsOfTwoSessions) {
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);
  table_.Start(0, 1);
  for (int i = 0; i < 2; ++i) {
    const auto grants = Acquire(1, 1);
    ASSERT_EQ(grants.size(), 1u);
    EXPECT_EQ(Submit(1, grants[0], v1::RolloutResult::CRASHED),
              v1::WorkReply::ACCEPTED);
    EXPECT_EQ(Submit(1, grants[0], v1::RolloutResult::CRASHED),
              v1::WorkReply::DUPLICATE)
        << "the same report delivered twice counts once";
  }

  EXPECT_TRUE(Acquire(1, 1).empty()) << "the last word is another session's";
  EXPECT_FALSE(table_.complete());
  EXPECT_EQ(Submit(2, Acquire(2, 1)[0], v1::RolloutResult::CRASHED),
            v1::WorkReply::ACCEPTED);
  EXPECT_TRUE(table_.complete());
}

TEST_F(UnitTableTest, LostLeasesNeverCountAsFailures) {
  table_.Start(0, 1);
  for (uint64_t session = 1; session < 100; ++session) {
    table_.AddSession(session, 1);
    ASSERT_EQ(Acquire(session, 1).size(), 1u);
    table_.Drop(session);
  }

  EXPECT_TRUE(table_.pending(0));
  EXPECT_EQ(table_.counters().failure_reports, 0u);
}

TEST_F(UnitTableTest, PrefetchEndsBeforeItStarvesAnIdleSlot) {
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);
  table_.Start(0, 4);

  EXPECT_EQ(Acquire(1, 100).size(), 2u) << "its slot and one ahead";
  EXPECT_EQ(Acquire(2, 100).size(), 1u) << "the last one is for who is idle";
  EXPECT_EQ(Acquire(1, 100).size(), 0u);
  EXPECT_EQ(table_.num_pending(), 1);
}

TEST_F(UnitTableTest, PreloadedAnswersAreNotHandedOut) {
  table_.AddSession(1, 8);
  table_.Start(5, 2);

  EXPECT_TRUE(table_.Preload(7, Answer(5, 1)));
  EXPECT_TRUE(table_.Preload(7, Answer(5, 1)));
  EXPECT_FALSE(table_.Preload(7, Answer(4, 0)));
  EXPECT_FALSE(table_.Preload(7, Answer(5, 2)));

  EXPECT_EQ(Acquire(1, 8).size(), 1u);
}

}  // namespace
}  // namespace starling
