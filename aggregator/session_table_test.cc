#include "aggregator/session_table.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

class SessionTableTest : public testing::Test {
 protected:
  SessionTableTest()
      : table_(SessionRules{.max_sessions = 3, .max_new_per_second = 10}) {}

  std::string Add() {
    v1::RegisterRequest request;
    request.set_slots(2);
    auto session = table_.Add(request, now_);
    return session.ok() ? (*session)->id : "";
  }

  SessionTable table_;
  SessionTable::Time now_{std::chrono::hours(1)};
};

TEST_F(SessionTableTest, SilentSessionDiesAfterFourHeartbeats) {
  const std::string id = Add();
  now_ += milliseconds(7'999);
  EXPECT_TRUE(table_.Sweep(now_).empty());
  EXPECT_NE(table_.Hear(id, now_), nullptr);
  now_ += milliseconds(8'000);

  const auto dead = table_.Sweep(now_);

  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].id, id);
  EXPECT_EQ(table_.Hear(id, now_), nullptr);
  ASSERT_TRUE(table_.IdentityOf(id).has_value()) << "it may come back";
  EXPECT_EQ(table_.IdentityOf(id)->number, dead[0].number);
}

TEST_F(SessionTableTest, BrokenCallKillsUnlessTheWorkerIsHeardAgain) {
  const std::string quiet = Add(), lively = Add();
  for (const std::string& id : {quiet, lively}) {
    table_.Break(id, now_);
  }
  now_ += milliseconds(1'000);
  table_.Hear(lively, now_);
  now_ += milliseconds(1'000);

  const auto dead = table_.Sweep(now_);

  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].id, quiet);
}

TEST_F(SessionTableTest, NumberAndRateOfSessionsAreLimited) {
  for (int i = 0; i < 3; ++i) EXPECT_NE(Add(), "");
  EXPECT_EQ(Add(), "") << "three are the limit";

  SessionTable busy(SessionRules{.max_new_per_second = 10});
  int served = 0;
  v1::RegisterRequest request;
  request.set_slots(1);
  for (int i = 0; i < 30; ++i) served += busy.Add(request, now_).ok();
  EXPECT_EQ(served, 10);
  now_ += milliseconds(500);
  for (int i = 0; i < 30; ++i) served += busy.Add(request, now_).ok();
  EXPECT_EQ(served, 15);
}

TEST_F(SessionTableTest, ManyRejectedResultsLeadToQuarantine) {
  Session& session = *table_.Hear(Add(), now_);
  int first = -1;
  for (int i = 0; i < 100; ++i) {
    if (table_.Judge(session, /*rejected=*/i % 4 == 0) && first < 0) first = i;
  }

  EXPECT_EQ(first, 40) << "the eleventh bad one among fifty";
  EXPECT_TRUE(session.quarantined);
  EXPECT_EQ(table_.num_quarantined(), 1);
}

TEST_F(SessionTableTest, SessionsHaveNamesThatPeopleMaySay) {
  v1::RegisterRequest request;
  request.set_slots(1);
  request.set_host("node 7/\xc3\xa4");
  request.set_pid(12);
  EXPECT_EQ((*table_.Add(request, now_))->name, "node_7___-12");
  request.set_name("gpu-1");
  const std::string first = (*table_.Add(request, now_))->id;
  const std::string second = (*table_.Add(request, now_))->id;

  EXPECT_EQ((*table_.Resolve("node_7___-12"))->pid, 12);
  EXPECT_EQ((*table_.Resolve(first.substr(0, 8)))->id, first);
  EXPECT_EQ((*table_.Resolve(second))->id, second);
  const auto ambiguous = table_.Resolve("gpu-1");
  EXPECT_TRUE(absl::IsInvalidArgument(ambiguous.status()));
  for (const std::string& id : {first, second}) {
    EXPECT_NE(ambiguous.status().message().find(id.substr(0, 8)),
              std::string::npos);
    EXPECT_EQ(ambiguous.status().message().find(id), std::string::npos)
        << "a whole id is a secret";
  }
  for (const std::string& none :
       {std::string("gpu"), first.substr(0, 3), std::string("")}) {
    const auto unknown = table_.Resolve(none);
    EXPECT_TRUE(absl::IsNotFound(unknown.status())) << none;
    EXPECT_NE(unknown.status().message().find("gpu-1"), std::string::npos);
  }
}

TEST_F(SessionTableTest, EachSessionIsCountedOnce) {
  const std::string silent = Add();
  now_ += milliseconds(4'001);
  Session* session = table_.Hear(Add(), now_);
  session->draining = true;
  table_.Hear(Add(), now_);

  SessionTable::Counts counts = table_.CountStates(now_);

  EXPECT_EQ(counts.suspect, 1);
  EXPECT_EQ(counts.draining, 1);
  EXPECT_EQ(counts.active, 1);
  session->quarantined = true;
  table_.Hear(silent, now_);
  counts = table_.CountStates(now_);
  EXPECT_EQ(counts.quarantined, 1);
  EXPECT_EQ(counts.draining + counts.suspect, 0);
  EXPECT_EQ(counts.active, 2);
}

TEST_F(SessionTableTest, AllSessionsOfAWorkerOfAnEarlierLifeAreOne) {
  const auto first = table_.Remember(
      "first", {.origin = "origin", .first_generation = 3});
  const auto second = table_.Remember("second", {.origin = "origin"});
  const auto other = table_.Remember("other", {.origin = "other"});

  EXPECT_EQ(first.number, second.number);
  EXPECT_EQ(first.standing, second.standing);
  EXPECT_NE(first.number, other.number);
  EXPECT_EQ(table_.IdentityOf("origin")->number, first.number);
  EXPECT_EQ(table_.IdentityOf("second")->standing->first_generation, 3);
  EXPECT_FALSE(table_.IdentityOf("nobody").has_value());
}

TEST_F(SessionTableTest, AWorkerInQuarantineIsSoInAllItsSessions) {
  const std::string a = Add(), b = Add(), other = Add();
  Session& heir = *table_.Hear(b, now_);
  heir.standing = table_.Hear(a, now_)->standing;

  table_.Quarantine(*heir.standing);

  EXPECT_TRUE(table_.Hear(a, now_)->quarantined);
  EXPECT_TRUE(heir.quarantined);
  EXPECT_FALSE(table_.Hear(other, now_)->quarantined);
}

}  // namespace
}  // namespace starling
