#include "workers/contact.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const absl::Status kGone = absl::UnavailableError("connection refused");

class ContactTest : public testing::Test {
 protected:
  Contact Make(const ContactRules& rules = {}) {
    return Contact("node7:9000", rules, now_);
  }

  Contact::Time now_{std::chrono::hours(1)};
};

TEST_F(ContactTest, PausesDoubleWithinTheirLimits) {
  Contact contact = Make();
  EXPECT_LE(contact.pause_until(), now_) << "none at first";
  for (const int pause_ms : {500, 1000, 2000, 4000, 5000, 5000}) {
    contact.Failed(kGone, now_);
    EXPECT_EQ(contact.pause_until(), now_ + milliseconds(pause_ms));
  }

  contact.Succeeded(now_);
  contact.Failed(kGone, now_);

  EXPECT_EQ(contact.pause_until(), now_ + milliseconds(500));
}

TEST_F(ContactTest, CallThatWaitedForItsDeadlineNeedsNoPause) {
  Contact contact = Make();

  contact.Failed(absl::DeadlineExceededError("too late"), now_);

  EXPECT_LE(contact.pause_until(), now_);
}

TEST_F(ContactTest, GivesUpOnlyWhenAskedTo) {
  ContactRules rules;
  Contact patient = Make(rules);
  rules.give_up_after = seconds(60);
  Contact hasty = Make(rules);

  EXPECT_TRUE(hasty.CheckPatience(now_ + seconds(59)).ok());
  const absl::Status status = hasty.CheckPatience(now_ + seconds(60));

  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("node7:9000 for 60 s"));
  EXPECT_TRUE(patient.CheckPatience(now_ + seconds(1'000'000)).ok());
}

TEST_F(ContactTest, WhateverIsHeardEndsTheSilence) {
  ContactRules rules;
  rules.give_up_after = seconds(60);
  Contact contact = Make(rules);

  contact.Heard(now_ + seconds(30));
  EXPECT_TRUE(contact.CheckPatience(now_ + seconds(89)).ok());
  contact.Succeeded(now_ + seconds(60));
  EXPECT_TRUE(contact.CheckPatience(now_ + seconds(119)).ok());
  contact.Failed(kGone, now_ + seconds(100));

  EXPECT_FALSE(contact.CheckPatience(now_ + seconds(120)).ok());
}

TEST_F(ContactTest, ComplainsAfterAWhileAndThenNowAndThen) {
  Contact contact = Make();
  const milliseconds by_right(2'000);
  EXPECT_FALSE(contact.MustComplain(now_ + milliseconds(4'999), by_right));
  EXPECT_TRUE(contact.MustComplain(now_ + seconds(5), by_right));
  EXPECT_THAT(contact.Complaint(now_ + seconds(5), "is it running?"),
              HasSubstr("node7:9000 for 5 s; is it running? Trying on."));

  EXPECT_FALSE(contact.MustComplain(now_ + seconds(34), by_right));
  contact.Failed(kGone, now_ + seconds(34));

  EXPECT_TRUE(contact.MustComplain(now_ + seconds(35), by_right));
  contact.Explain(absl::UnavailableError("closed"));
  EXPECT_THAT(contact.Complaint(now_ + seconds(35), ""),
              HasSubstr("for 35 s (closed);"));
}

}  // namespace
}  // namespace starling
