#include "workers/membership.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

using Phase = Membership::Phase;

v1::RegisterReply Reply(const std::string& session, uint64_t incarnation) {
  v1::RegisterReply reply;
  reply.set_session(session);
  reply.set_incarnation(incarnation);
  reply.set_heartbeat_ms(700);
  return reply;
}

TEST(MembershipTest, AsksThenRegistersThenWorks) {
  Membership membership;
  EXPECT_EQ(membership.phase(), Phase::kQuestion);

  membership.Learned(/*is_other_run=*/true);
  EXPECT_EQ(membership.phase(), Phase::kRegistration);
  membership.Join(Reply("s1", 5));

  EXPECT_EQ(membership.phase(), Phase::kWork);
  EXPECT_EQ(membership.heartbeat(), std::chrono::milliseconds(700));
  v1::WorkRequest request;
  membership.Sign(&request);
  EXPECT_EQ(request.session(), "s1");
  EXPECT_EQ(request.incarnation(), 5u);
}

TEST(MembershipTest, LostSessionIsNamedToTheNextUnlessTheRunIsAnother) {
  for (const bool is_other_run : {false, true}) {
    Membership membership;
    membership.Learned(true);
    membership.Join(Reply("s1", 5));

    membership.Lose("s1");
    EXPECT_EQ(membership.phase(), Phase::kQuestion);
    membership.Learned(is_other_run);

    EXPECT_EQ(membership.previous_session(), is_other_run ? "" : "s1");
  }
}

TEST(MembershipTest, LateNewsOfAnEarlierSessionLosesNothing) {
  Membership membership;
  membership.Lose("");
  EXPECT_EQ(membership.phase(), Phase::kQuestion);
  membership.Learned(true);
  membership.Join(Reply("s1", 5));
  membership.Lose("s1");
  membership.Learned(false);
  membership.Lose("s1");
  EXPECT_EQ(membership.phase(), Phase::kRegistration);
  membership.Join(Reply("s2", 5));

  membership.Lose("s1");

  EXPECT_EQ(membership.phase(), Phase::kWork);
}

TEST(MembershipTest, TellsANewLifeOfTheAggregator) {
  Membership membership;
  EXPECT_TRUE(membership.Join(Reply("s1", 5)));
  EXPECT_FALSE(membership.Join(Reply("s2", 5)));
  EXPECT_TRUE(membership.Join(Reply("s3", 6)));
}

TEST(MembershipTest, OvertakenLeasesAreNotWorkedOn) {
  Membership membership;
  membership.Join(Reply("s1", 5));
  EXPECT_TRUE(membership.Admit("s1", 8));
  EXPECT_TRUE(membership.Admit("s1", 8));
  EXPECT_FALSE(membership.Admit("s1", 7)) << "an older generation";
  EXPECT_FALSE(membership.Admit("s0", 9)) << "another session";

  membership.Join(Reply("s2", 6));

  EXPECT_TRUE(membership.Admit("s2", 3)) << "a restart may begin earlier";
}

}  // namespace
}  // namespace starling
