#include "aggregator/access.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const std::string kWorkers(64, 'a'), kOperators(64, 'b'), kViewers(64, 'c');
constexpr char kPeer[] = "ipv4:10.0.0.7:4711";

class AccessTest : public testing::Test {
 protected:
  Access Make() {
    Access::Options options;
    options.tokens = {{Role::kWorker, kWorkers},
                      {Role::kOperator, kOperators},
                      {Role::kViewer, kViewers}};
    options.now = [this] { return now_; };
    options.report = [this](const std::string& line) {
      reports_.push_back(line);
    };
    return Access(std::move(options));
  }
  static absl::Status Call(Access& access, const std::string& token,
                           Role needed = Role::kWorker,
                           const std::string& peer = kPeer) {
    return access.Check(peer, "Bearer " + token, needed);
  }

  Access::Time now_{std::chrono::hours(1)};
  std::vector<std::string> reports_;
};

TEST_F(AccessTest, EachRoleMayDoItsOwnAndOperatorsMayLook) {
  Access access = Make();
  const struct {
    std::string token;
    Role needed;
    bool allowed;
  } cases[] = {
      {kWorkers, Role::kWorker, true},    {kWorkers, Role::kViewer, false},
      {kWorkers, Role::kOperator, false}, {kOperators, Role::kWorker, false},
      {kOperators, Role::kViewer, true},  {kOperators, Role::kOperator, true},
      {kViewers, Role::kWorker, false},   {kViewers, Role::kViewer, true},
      {kViewers, Role::kOperator, false}};
  for (const auto& [token, needed, allowed] : cases) {
    const absl::Status status = Call(access, token, needed);
    EXPECT_EQ(status.code(), allowed ? absl::StatusCode::kOk
                                     : absl::StatusCode::kPermissionDenied)
        << token[0] << " " << RoleName(needed);
    EXPECT_NE(IsTokenRefused(status), allowed);
  }
}

TEST_F(AccessTest, WhatIsNoTokenOfOursIsUnauthenticated) {
  int host = 0;
  for (const std::string& sent :
       {std::string(), std::string("Bearer "), "Bearer " + kWorkers + "a",
        "Bearer " + kWorkers.substr(1), kWorkers, "Basic " + kWorkers,
        "Bearer " + std::string(5000, 'a')}) {
    Access access = Make();
    const absl::Status status = access.Check(
        absl::StrCat("ipv4:10.0.0.", ++host, ":1"), sent, Role::kWorker);
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << sent;
    EXPECT_TRUE(IsTokenRefused(status));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("aaa")));
  }
  Access access = Make();
  EXPECT_TRUE(access.Check(kPeer, "bearer " + kWorkers, Role::kWorker).ok())
      << "the scheme's case does not matter";
}

TEST_F(AccessTest, LocalCallersAndOpenServicesNeedNoToken) {
  Access access = Make();
  EXPECT_TRUE(access.Check("unix:", "", Role::kOperator).ok());
  EXPECT_TRUE(access.Check("unix:/tmp/a", "", Role::kWorker).ok());
  EXPECT_TRUE(access.Check("inproc", "", Role::kWorker).ok());
  EXPECT_FALSE(access.Check("ipv4:127.0.0.1:9", "", Role::kWorker).ok());
  EXPECT_FALSE(access.Check("", "", Role::kWorker).ok());

  Access open{Access::Options()};
  EXPECT_TRUE(open.Check(kPeer, "", Role::kOperator).ok());
}

TEST_F(AccessTest, TenRefusalsWithinAMinuteShutAHostOutForAMinute) {
  Access access = Make();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(absl::IsUnauthenticated(Call(access, kWorkers + "x")));
    now_ += seconds(5);
  }
  const Access::Time blocked = now_ - seconds(5);

  // Whatever it shows, from whichever port; others are served.
  const absl::Status status =
      Call(access, kWorkers, Role::kWorker, "ipv4:10.0.0.7:4712");
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_FALSE(IsTokenRefused(status)) << "it is to try again";
  EXPECT_THAT(std::string(status.message()), HasSubstr("10.0.0.7"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("again in 55 s"));
  EXPECT_TRUE(Call(access, kWorkers, Role::kWorker, "ipv4:10.0.0.8:4711").ok());

  now_ = blocked + seconds(60);
  EXPECT_TRUE(Call(access, kWorkers).ok());
}

TEST_F(AccessTest, RefusalsThatAreFarApartShutNobodyOut) {
  Access access = Make();
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(absl::IsUnauthenticated(Call(access, "x")));
    now_ += seconds(7);
  }
  EXPECT_TRUE(Call(access, kWorkers).ok());
}

TEST_F(AccessTest, GoodConnectionsOfAShutOutHostGoOn) {
  Access access = Make();
  const std::string good = "ipv6:%5Bfe80::1%5D:1", bad = "ipv6:%5Bfe80::1%5D:2";
  ASSERT_TRUE(Call(access, kWorkers, Role::kWorker, good).ok());
  for (int i = 0; i < 10; ++i) {
    Call(access, "x", Role::kWorker, bad).IgnoreError();
  }

  EXPECT_TRUE(
      absl::IsResourceExhausted(Call(access, kWorkers, Role::kWorker, bad)));
  for (int i = 0; i < 5; ++i) {
    now_ += seconds(10);
    EXPECT_TRUE(Call(access, kWorkers, Role::kWorker, good).ok());
  }
  // Until they show a wrong one themselves.
  EXPECT_TRUE(absl::IsUnauthenticated(Call(access, "x", Role::kWorker, good)));
  EXPECT_TRUE(
      absl::IsResourceExhausted(Call(access, kWorkers, Role::kWorker, good)));
}

TEST_F(AccessTest, ManyHostsAndConnectionsAreForgottenOldestFirst) {
  Access access = Make();
  for (int i = 0; i < 10; ++i) {
    Call(access, "x", Role::kWorker, "ipv4:9.9.9.9:1").IgnoreError();
  }
  ASSERT_TRUE(absl::IsResourceExhausted(
      Call(access, kWorkers, Role::kWorker, "ipv4:9.9.9.9:1")));
  for (int i = 0; i < 1024; ++i) {
    now_ += std::chrono::milliseconds(1);
    Call(access, "x", Role::kWorker, absl::StrCat("ipv4:host", i, ":1"))
        .IgnoreError();
  }
  EXPECT_TRUE(Call(access, kWorkers, Role::kWorker, "ipv4:9.9.9.9:1").ok());
  for (int i = 0; i < 20'000; ++i) {
    EXPECT_TRUE(
        Call(access, kWorkers, Role::kWorker, absl::StrCat("ipv4:1.1.1.1:", i))
            .ok());
  }
}

TEST_F(AccessTest, ReportsNameTheHostButAreFewAndHoldNoToken) {
  Access access = Make();
  for (int i = 0; i < 10; ++i) {
    Call(access, "secret" + kWorkers).IgnoreError();
  }
  ASSERT_EQ(reports_.size(), 2u);
  for (const std::string& line : reports_) {
    EXPECT_THAT(line, HasSubstr("10.0.0.7"));
    EXPECT_THAT(line, Not(HasSubstr("secret")));
    EXPECT_THAT(line, Not(HasSubstr("aaaa")));
  }

  for (int i = 0; i < 500; ++i) {
    Call(access, "x", Role::kWorker, absl::StrCat("ipv4:host", i, ":1"))
        .IgnoreError();
  }
  EXPECT_EQ(reports_.size(), 10u);
}

TEST_F(AccessTest, StrangersAreWhoHasShownNothingGoodOfLate) {
  Access access = Make();
  ASSERT_TRUE(Call(access, kWorkers, Role::kWorker, "ipv4:a:1").ok());
  Call(access, "x", Role::kWorker, "ipv4:b:1").IgnoreError();
  const std::vector<std::string> peers = {"ipv4:a:1", "ipv4:a:2", "ipv4:b:1"};

  EXPECT_THAT(access.Strangers(peers),
              testing::ElementsAre("ipv4:a:2", "ipv4:b:1"));
  now_ += seconds(61);
  EXPECT_EQ(access.Strangers(peers).size(), 3u);
}

}  // namespace
}  // namespace starling
