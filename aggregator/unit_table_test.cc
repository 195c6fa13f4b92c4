#include "aggregator/unit_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
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

// What a liar says, plausible but for the bits.
v1::RolloutResult Forged(uint64_t generation, int index) {
  v1::RolloutResult result = Answer(generation, index);
  result.set_returns(0, 1e-300);
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

TEST_F(UnitTableTest, WhoContradictsItselfIsConvictedAndAskedAgainElsewhere) {
  table_.AddSession(1, 1);
  table_.Start(0, 1);
  const auto grant = Acquire(1, 1)[0];
  EXPECT_EQ(Submit(1, grant), v1::WorkReply::ACCEPTED);

  EXPECT_EQ(table_.Submit(1, grant.lease, Forged(0, 0), now_).verdict,
            v1::WorkReply::REJECTED);

  EXPECT_EQ(table_.counters().disagreements, 1u);
  EXPECT_EQ(table_.result(0).returns(0), 0) << "the first word stays";
  EXPECT_EQ(table_.TakeConvicted(), std::vector<UnitTable::SessionId>{1});
  table_.Quarantine(1);
  table_.Retract(1);
  EXPECT_FALSE(table_.complete());
  EXPECT_TRUE(Acquire(1, 1).empty());
  table_.AddSession(2, 1);
  EXPECT_EQ(Submit(2, Acquire(2, 1)[0]), v1::WorkReply::ACCEPTED);
  EXPECT_TRUE(table_.complete());
}

TEST_F(UnitTableTest, AuditedUnitNeedsTwoSessions) {
  table_.AddSession(1, 2);
  table_.AddSession(2, 2);
  table_.Start(0, 2, {false, true});

  const auto first = Acquire(1, 2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(Submit(1, first[1]), v1::WorkReply::ACCEPTED);
  EXPECT_FALSE(table_.done(1));
  EXPECT_TRUE(Acquire(1, 2).empty()) << "it has had its say";
  const auto second = Acquire(2, 1);

  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].unit, 1);
  EXPECT_EQ(Submit(2, second[0]), v1::WorkReply::ACCEPTED);
  EXPECT_TRUE(table_.done(1));
  EXPECT_EQ(table_.counters().audits, 1u);
  EXPECT_TRUE(table_.TakeConvicted().empty());
}

TEST_F(UnitTableTest, OneWorkerAloneIsTakenAtItsWord) {
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);
  table_.Start(0, 2, {true, true});
  EXPECT_EQ(Submit(1, Acquire(1, 1)[0]), v1::WorkReply::ACCEPTED);
  EXPECT_EQ(table_.num_done(), 0);

  table_.Drop(2);

  EXPECT_EQ(table_.num_done(), 1);
  EXPECT_EQ(Submit(1, Acquire(1, 1)[0]), v1::WorkReply::ACCEPTED);
  EXPECT_TRUE(table_.complete());
  EXPECT_EQ(table_.counters().audits, 0u);
}

TEST_F(UnitTableTest, FullAuditNeverTakesOneWord) {
  UnitTable table(LeaseRules(), 1, /*audit_all=*/true);
  table.AddSession(1, 1);
  table.Start(0, 1);
  const auto grant = table.Acquire(1, 1, now_)[0];
  EXPECT_EQ(table.num_starved(), 1) << "a second session is needed";
  table.Submit(1, grant.lease, Answer(0, 0), now_);

  EXPECT_FALSE(table.complete());
  EXPECT_EQ(table.num_starved(), 1);
  EXPECT_TRUE(table.Acquire(1, 1, now_).empty());
  table.AddSession(2, 1);
  EXPECT_EQ(table.num_starved(), 0);
  table.Submit(2, table.Acquire(2, 1, now_)[0].lease, Answer(0, 0), now_);
  EXPECT_TRUE(table.complete());
}

TEST_F(UnitTableTest, ThirdSessionDecidesAndTheLoserIsConvicted) {
  for (const uint64_t session : {1, 2, 3}) table_.AddSession(session, 2);
  table_.Start(0, 2, {true});
  const auto liar = Acquire(1, 2);
  const auto honest = Acquire(2, 1);
  ASSERT_EQ(liar.size(), 2u);
  ASSERT_EQ(honest.size(), 1u);
  // The liar lies about unit 0, and nobody looks at its unit 1.
  table_.Submit(1, liar[1].lease, Forged(0, 1), now_);
  table_.Submit(1, liar[0].lease, Forged(0, 0), now_);
  EXPECT_EQ(Submit(2, honest[0]), v1::WorkReply::ACCEPTED);
  EXPECT_FALSE(table_.done(0)) << "one word against another";
  EXPECT_TRUE(table_.done(1));

  const auto judge = Acquire(3, 1);
  ASSERT_EQ(judge.size(), 1u);
  EXPECT_EQ(Submit(3, judge[0]), v1::WorkReply::ACCEPTED);

  EXPECT_TRUE(table_.done(0));
  EXPECT_EQ(table_.result(0).returns(0), 0);
  EXPECT_EQ(table_.TakeConvicted(), std::vector<UnitTable::SessionId>{1});
  table_.Quarantine(1);
  table_.Retract(1);
  EXPECT_TRUE(table_.done(0));
  EXPECT_TRUE(table_.pending(1)) << "what the liar alone has said";
  EXPECT_EQ(Submit(2, Acquire(2, 1)[0]), v1::WorkReply::ACCEPTED);
  EXPECT_TRUE(table_.complete());
  EXPECT_EQ(table_.result(1).returns(0), 0.5);
}

TEST_F(UnitTableTest, LateAnswerThatDiffersOpensASettledUnit) {
  for (const uint64_t session : {1, 2, 3}) table_.AddSession(session, 1);
  table_.Start(0, 2);
  const auto slow = Acquire(1, 1)[0];
  Pass(slow.ttl);
  table_.Expire(now_);
  const auto quick = Acquire(2, 1)[0];
  ASSERT_EQ(quick.unit, slow.unit);
  table_.Submit(2, quick.lease, Forged(0, quick.unit), now_);
  EXPECT_TRUE(table_.done(quick.unit));

  EXPECT_EQ(Submit(1, slow), v1::WorkReply::ACCEPTED);

  EXPECT_FALSE(table_.done(quick.unit));
  EXPECT_EQ(Submit(3, Acquire(3, 1)[0]), v1::WorkReply::ACCEPTED);
  EXPECT_TRUE(table_.done(quick.unit));
  EXPECT_EQ(table_.TakeConvicted(), std::vector<UnitTable::SessionId>{2});
}

TEST_F(UnitTableTest, StoredAnswersKeepTheirAuthors) {
  table_.Start(5, 2, {true, false});
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);

  table_.Preload(1, Answer(5, 0));

  EXPECT_FALSE(table_.done(0));
  EXPECT_EQ(Acquire(1, 1)[0].unit, 1) << "it has answered unit 0 before";
  EXPECT_EQ(Acquire(2, 1)[0].unit, 0);
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
  // Session numbers that are multiples of 7 lie now and then.
  const auto lies = [](uint64_t session) { return session % 7 == 0; };
  UnitTable::Time now{};
  struct Held {
    UnitTable::LeaseId lease;
    int unit;
    uint64_t generation;
  };
  std::map<uint64_t, std::vector<Held>> sessions;
  uint64_t next_session = 1, generation = 0;
  std::set<uint64_t> quarantined;
  int convictions = 0;
  std::vector<bool> audited;
  const auto start = [&] {
    const int n = 1 + random(12);
    audited.clear();
    for (int i = 0; i < n; ++i) audited.push_back(random(4) == 0);
    table.Start(++generation, n, audited);
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
        ASSERT_FALSE(table.done(grant.unit)) << "step " << step;
        ASSERT_FALSE(quarantined.count(session));
        held.push_back({grant.lease, grant.unit, generation});
      }
    } else if (action < 80 && !held.empty()) {
      const int i = random(static_cast<int>(held.size()));
      const Held lease = held[i];
      if (random(4) > 0) held.erase(held.begin() + i);  // else twice
      const auto status =
          random(5) == 0 ? v1::RolloutResult::CRASHED : v1::RolloutResult::OK;
      v1::RolloutResult answer = Answer(lease.generation, lease.unit, status);
      // Only some of its generations: others must not be unsettled by it.
      if (lies(session) && status == v1::RolloutResult::OK && random(2) == 0) {
        answer.set_returns(0, -1 - static_cast<double>(session));
      }
      const auto submission = table.Submit(session, lease.lease, answer, now);
      if (submission.counts) {
        ASSERT_EQ(lease.generation, generation);
      }
      ASSERT_TRUE(submission.verdict != v1::WorkReply::REJECTED ||
                  lies(session))
          << submission.detail;
      ASSERT_EQ(submission.verdict == v1::WorkReply::STALE,
                lease.generation < generation);
      for (const auto convicted : table.TakeConvicted()) {
        ASSERT_TRUE(lies(convicted)) << "step " << step;
        ++convictions;
        quarantined.insert(convicted);
        table.Quarantine(convicted);
        table.Retract(convicted);
      }
    } else if (action < 90) {
      std::vector<UnitTable::LeaseId> leases;
      for (const Held& lease : held) leases.push_back(lease.lease);
      for (const auto cancel : table.Heartbeat(session, leases, now)) {
        std::erase_if(held, [&](const Held& h) { return h.lease == cancel; });
      }
    } else if (action < 96) {
      table.Expire(now);
    } else if (action < 98) {
      // The same worker again. (A liar's words must stay a liar's.)
      uint64_t heir = next_session++;
      if (lies(heir)) heir = next_session++;
      table.AddSession(heir, 2);
      if (!lies(session)) {
        table.Inherit(session, heir);
        sessions[heir] = held;
      } else {
        sessions[heir];
      }
      table.Drop(session);
      sessions.erase(session);
    } else {
      table.Drop(session);
      sessions.erase(session);
    }

    int outstanding = 0, done = 0;
    for (int i = 0; i < table.num_units(); ++i) {
      const int copies = table.copies(i);
      ASSERT_LE(copies, audited[i] ? 3 : 2) << "step " << step;
      ASSERT_EQ(table.pending(i), copies < table.missing(i))
          << "unit " << i << " at step " << step;
      ASSERT_EQ(table.done(i), table.missing(i) == 0);
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
  EXPECT_GT(table.counters().audits, 100u);
  EXPECT_GT(convictions, 20);
}

// With every unit audited no lie is taken, whatever happens.
TEST(UnitTableProperty, FullAuditTakesNoLie) {
  uint64_t state = 99;
  const auto random = [&state](int n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((state >> 33) % n);
  };
  UnitTable table(LeaseRules(), 1, /*audit_all=*/true);
  UnitTable::Time now{};
  int convictions = 0;
  for (uint64_t generation = 0; generation < 2'000; ++generation) {
    const uint64_t first = generation * 10 + 1;
    for (uint64_t i = 0; i < 4; ++i) table.AddSession(first + i, 1 + random(3));
    table.Start(generation, 1 + random(10));
    std::vector<std::pair<uint64_t, UnitTable::Grant>> held;
    while (!table.complete()) {
      const uint64_t session = first + random(4);
      for (const auto& grant : table.Acquire(session, 2, now)) {
        held.push_back({session, grant});
      }
      if (held.empty()) continue;
      const int i = random(static_cast<int>(held.size()));
      const auto [by, grant] = held[i];
      held.erase(held.begin() + i);
      // The first session lies in a third of its answers.
      const bool lie = by == first && random(3) == 0;
      table.Submit(by, grant.lease,
                   lie ? Forged(generation, grant.unit)
                       : Answer(generation, grant.unit),
                   now);
      for (const auto convicted : table.TakeConvicted()) {
        ASSERT_EQ(convicted, first);
        ++convictions;
        table.Quarantine(convicted);
        table.Retract(convicted);
      }
    }
    for (int i = 0; i < table.num_units(); ++i) {
      ASSERT_EQ(table.result(i).returns(0), i * 0.5);
    }
    for (uint64_t i = 0; i < 4; ++i) table.Drop(first + i);
  }
  EXPECT_GT(convictions, 1'000);
}

}  // namespace
}  // namespace starling
