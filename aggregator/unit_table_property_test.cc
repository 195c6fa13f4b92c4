// What holds of a unit table whatever happens in whatever order.
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "aggregator/unit_table.h"
#include "aggregator/unit_table_fixture.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

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
