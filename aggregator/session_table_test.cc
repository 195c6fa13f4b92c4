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
  EXPECT_EQ(table_.NumberOf(id), dead[0].number) << "it may come back";
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

}  // namespace
}  // namespace starling
