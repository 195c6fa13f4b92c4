#include "aggregator/handshake.h"

#include <string>

#include "base/protocol.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::HasSubstr;

class HandshakeTest : public testing::Test {
 protected:
  HandshakeTest() {
    env_spec_.set_name("swimmer");
    env_spec_.set_state_size(8);
    env_spec_.set_action_size(2);
    fingerprint_.set_mujoco_version("3.17.0");
    fingerprint_.set_numbers("aa");
    fingerprint_.set_physics("bb");
    fingerprint_.set_build("here");
    request_.set_protocol_major(kProtocolMajor);
    *request_.mutable_env_spec() = env_spec_;
    *request_.mutable_fingerprint() = fingerprint_;
    request_.set_slots(1);
  }
  absl::Status Check() {
    return CheckHandshake(request_, env_spec_, fingerprint_);
  }
  void ExpectRefused(const std::string& here, const std::string& there) {
    const absl::Status status = Check();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr(here));
    EXPECT_THAT(std::string(status.message()), HasSubstr(there));
  }

  v1::EnvSpec env_spec_;
  v1::Fingerprint fingerprint_;
  v1::RegisterRequest request_;
};

TEST_F(HandshakeTest, EqualSidesAgreeWhateverTheBuildIsCalled) {
  request_.mutable_fingerprint()->set_build("there");

  EXPECT_TRUE(Check().ok());
}

TEST_F(HandshakeTest, EachDifferenceIsRefusedWithBothValues) {
  const v1::RegisterRequest good = request_;
  request_.set_protocol_major(7);
  ExpectRefused("7.0", "1.0");
  request_ = good;
  request_.mutable_fingerprint()->set_mujoco_version("4.0.0");
  ExpectRefused("3.17.0", "4.0.0");
  request_ = good;
  request_.mutable_fingerprint()->set_numbers("cc");
  ExpectRefused("aa", "cc");
  request_ = good;
  request_.mutable_fingerprint()->set_physics("dd");
  ExpectRefused("bb", "dd");
  request_ = good;
  request_.mutable_env_spec()->set_state_size(17);
  ExpectRefused("state_size: 8", "17");
}

TEST_F(HandshakeTest, QuestionNeedsOnlyTheProtocol) {
  request_.clear_env_spec();
  request_.clear_fingerprint();
  EXPECT_TRUE(Check().ok());

  request_.set_protocol_major(2);
  EXPECT_FALSE(Check().ok());
}

TEST_F(HandshakeTest, ImpossibleRequestsAreInvalid) {
  request_.set_slots(0);
  EXPECT_EQ(Check().code(), absl::StatusCode::kInvalidArgument);
  request_.set_slots(kMaxSlots + 1);
  EXPECT_EQ(Check().code(), absl::StatusCode::kInvalidArgument);
  request_.set_slots(1);
  request_.set_host(std::string(257, 'x'));
  EXPECT_EQ(Check().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HandshakeTest, NamesArePlainOrAbsent) {
  for (const std::string good : {"", "node-7.gpu_1", "7"}) {
    request_.set_name(good);
    EXPECT_TRUE(Check().ok()) << good;
  }
  for (const std::string& bad :
       {std::string("a b"), std::string("\033[2J"), std::string(65, 'a')}) {
    request_.set_name(bad);
    EXPECT_TRUE(absl::IsInvalidArgument(Check())) << bad;
    EXPECT_THAT(std::string(Check().message()), HasSubstr("--name"));
  }
}

}  // namespace
}  // namespace starling
