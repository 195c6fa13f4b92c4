#include "aggregator/unit_table.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/log.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using Verdict = v1::WorkReply::Verdict;

v1::RolloutResult Answer(
    uint64_t generation, int index,
    v1::RolloutResult::Status status = v1::RolloutResult::OK) {
  v1::RolloutResult result;
  result.set_generation(generation);
  result.set_index(index);
  result.set_status(status);
  if (status == v1::RolloutResult::OK) result.add_returns(index * 0.5);
  return result;
}

class UnitTableTest : public testing::Test {
 protected:
  UnitTableTest() : table_(LeaseRules(), 1) {}

  std::vector<UnitTable::Grant> Acquire(uint64_t session, int want) {
    return table_.Acquire(session, want, now_);
  }
  Verdict Submit(uint64_t session, UnitTable::Grant grant,
                 v1::RolloutResult::Status status = v1::RolloutResult::OK) {
    return table_
        .Submit(session, grant.lease,
                Answer(table_.generation(), grant.unit, status), now_)
        .verdict;
  }
  void Pass(milliseconds time) { now_ += time; }
  // Two sessions of one slot; each unit takes 100 ms.
  void Observe(int n) {
    for (int i = 0; i < n; ++i) {
      const auto grants = Acquire(1, 1);
      ASSERT_EQ(grants.size(), 1u);
      Pass(milliseconds(100));
      ASSERT_EQ(Submit(1, grants[0]), v1::WorkReply::ACCEPTED);
    }
  }

  UnitTable table_;
  UnitTable::Time now_{std::chrono::hours(1)};
};

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

TEST_F(UnitTableTest, UnequalSecondAnswerIsRejectedAndCounted) {
  table_.AddSession(1, 1);
  table_.Start(0, 1);
  const auto grant = Acquire(1, 1)[0];
  EXPECT_EQ(Submit(1, grant), v1::WorkReply::ACCEPTED);

  v1::RolloutResult other = Answer(0, 0);
  other.set_returns(0, 1e-300);
  EXPECT_EQ(table_.Submit(1, grant.lease, other, now_).verdict,
            v1::WorkReply::REJECTED);
  EXPECT_EQ(table_.counters().disagreements, 1u);
  EXPECT_EQ(table_.results()[0].returns(0), 0);
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
  EXPECT_EQ(table_.results()[0].status(), v1::RolloutResult::DIVERGED);
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

  EXPECT_TRUE(table_.Preload(Answer(5, 1)));
  EXPECT_FALSE(table_.Preload(Answer(5, 1)));
  EXPECT_FALSE(table_.Preload(Answer(4, 0)));
  EXPECT_FALSE(table_.Preload(Answer(5, 2)));

  EXPECT_EQ(Acquire(1, 8).size(), 1u);
}

// Whatever happens in whatever order: no unit is lost, none counts twice, none
// has more than two holders, and a generation ends exactly when all are in.
TEST(UnitTableProperty, HoldsInRandomInterleavings) {
  uint64_t state = 12345;
  const auto random = [&state](int n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((state >> 33) % n);
  };
  UnitTable table(
      LeaseRules{.min_ttl = milliseconds(50), .max_ttl = milliseconds(400)}, 1);
  UnitTable::Time now{};
  struct Held {
    UnitTable::LeaseId lease;
    int unit;
    uint64_t generation;
  };
  std::map<uint64_t, std::vector<Held>> sessions;
  uint64_t next_session = 1, generation = 0;
  std::vector<int> accepted;
  const auto start = [&] {
    const int n = 1 + random(12);
    table.Start(++generation, n);
    accepted.assign(n, 0);
  };
  start();

  for (int step = 0; step < 100'000; ++step) {
    // Now and then everybody falls silent.
    now += milliseconds(random(100) == 0 ? 500 : random(8));
    const int action = random(100);
    if (sessions.empty() || (action < 3 && sessions.size() < 6)) {
      table.AddSession(next_session, 1 + random(4));
      sessions[next_session++];
      continue;
    }
    auto chosen = sessions.begin();
    std::advance(chosen, random(static_cast<int>(sessions.size())));
    auto& [session, held] = *chosen;
    if (action < 40) {
      for (const auto& grant : table.Acquire(session, 1 + random(4), now)) {
        ASSERT_EQ(accepted[grant.unit], 0) << "step " << step;
        held.push_back({grant.lease, grant.unit, generation});
      }
    } else if (action < 80 && !held.empty()) {
      const int i = random(static_cast<int>(held.size()));
      const Held lease = held[i];
      if (random(4) > 0) held.erase(held.begin() + i);  // else twice
      const auto status =
          random(5) == 0 ? v1::RolloutResult::CRASHED : v1::RolloutResult::OK;
      const auto submission =
          table.Submit(session, lease.lease,
                       Answer(lease.generation, lease.unit, status), now);
      if (submission.settled) {
        ASSERT_EQ(lease.generation, generation);
        ASSERT_EQ(++accepted[lease.unit], 1) << "step " << step;
      }
      ASSERT_NE(submission.verdict, v1::WorkReply::REJECTED)
          << submission.detail;
      ASSERT_EQ(submission.verdict == v1::WorkReply::STALE,
                lease.generation < generation);
    } else if (action < 90) {
      std::vector<UnitTable::LeaseId> leases;
      for (const Held& lease : held) leases.push_back(lease.lease);
      for (const auto cancel : table.Heartbeat(session, leases, now)) {
        std::erase_if(held, [&](const Held& h) { return h.lease == cancel; });
      }
    } else if (action < 96) {
      table.Expire(now);
    } else if (action < 98) {
      table.AddSession(next_session, 2);
      table.Inherit(session, next_session);
      table.Drop(session);
      sessions[next_session++] = held;
      sessions.erase(session);
    } else {
      table.Drop(session);
      sessions.erase(session);
    }

    int outstanding = 0, done = 0;
    for (int i = 0; i < table.num_units(); ++i) {
      const int copies = table.copies(i);
      ASSERT_LE(copies, 2) << "step " << step;
      ASSERT_EQ(table.done(i) + table.pending(i) + (copies > 0), 1)
          << "unit " << i << " at step " << step;
      ASSERT_EQ(table.done(i), accepted[i] == 1);
      outstanding += copies;
      done += table.done(i);
    }
    ASSERT_EQ(table.num_outstanding(), outstanding);
    ASSERT_EQ(table.complete(), done == table.num_units());
    if (sessions.empty()) {
      ASSERT_EQ(outstanding, 0);
    }
    if (table.complete()) start();
  }

  EXPECT_GT(generation, 500u);
  EXPECT_GT(table.counters().copies, 100u);
  EXPECT_GT(table.counters().expirations, 100u);
  EXPECT_GT(table.counters().duplicates, 100u);
  EXPECT_EQ(table.counters().disagreements, 0u);
}

}  // namespace
}  // namespace starling
