// Audits, disputes, and what becomes of those who are outvoted.
#include <algorithm>
#include <random>
#include <vector>

#include "aggregator/unit_table.h"
#include "aggregator/unit_table_fixture.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

class UnitTableAuditTest : public UnitTableFixture {};

TEST_F(UnitTableAuditTest, WhoContradictsItselfIsConvicted) {
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

TEST_F(UnitTableAuditTest, AuditedUnitNeedsTwoSessions) {
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

TEST_F(UnitTableAuditTest, OneWorkerAloneIsTakenAtItsWord) {
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

TEST_F(UnitTableAuditTest, FullAuditNeverTakesOneWord) {
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

TEST_F(UnitTableAuditTest, ThirdSessionDecidesAndTheLoserIsConvicted) {
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

TEST_F(UnitTableAuditTest, LateAnswerThatDiffersOpensASettledUnit) {
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

TEST_F(UnitTableAuditTest, StoredAnswersKeepTheirAuthors) {
  table_.Start(5, 2, {true, false});
  table_.AddSession(1, 1);
  table_.AddSession(2, 1);

  table_.Preload(1, Answer(5, 0));

  EXPECT_FALSE(table_.done(0));
  EXPECT_EQ(Acquire(1, 1)[0].unit, 1) << "it has answered unit 0 before";
  EXPECT_EQ(Acquire(2, 1)[0].unit, 0);
}

// One of ten workers forges all its answers; a tenth of the units is audited.
TEST(UnitTableAuditFigures, OneForgerInTenIsFoundWithinFiveHundredUnits) {
  constexpr int kTrials = 1'000;
  constexpr int kUnits = 500;
  constexpr uint64_t kForger = 1;
  std::mt19937_64 random(7);
  int found = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    UnitTable table(LeaseRules(), 1);
    for (uint64_t session = 1; session <= 10; ++session) {
      table.AddSession(session, 1);
    }
    std::vector<bool> audited(kUnits);
    for (int i = 0; i < kUnits; ++i) {
      audited[i] = std::bernoulli_distribution(0.1)(random);
    }
    table.Start(0, kUnits, audited);
    bool is_found = false;
    while (!table.complete() && !is_found) {
      const uint64_t session = 1 + random() % 10;
      for (const auto& grant : table.Acquire(session, 1, {})) {
        table.Submit(session, grant.lease,
                     session == kForger ? Forged(0, grant.unit)
                                        : Answer(0, grant.unit),
                     {});
      }
      for (const auto convicted : table.TakeConvicted()) {
        ASSERT_EQ(convicted, kForger);
        is_found = true;
      }
    }
    found += is_found;
  }
  EXPECT_GT(found, 0.99 * kTrials);
  RecordProperty("found", found);
}

}  // namespace
}  // namespace starling
