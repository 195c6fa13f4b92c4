#include "workers/frames.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "proto/work.pb.h"

namespace starling {
namespace {

constexpr size_t kMaxBytes = 1 << 20;

class FramesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0);
  }
  void TearDown() override {
    for (const int end : ends_) {
      if (end >= 0) close(end);
    }
  }
  void CloseTheirs() {
    close(ends_[1]);
    ends_[1] = -1;
  }
  static FrameSocket Patient(int fd) {
    return FrameSocket(fd, kMaxBytes, [fd](short events) {
      pollfd watched = {fd, events, 0};
      return poll(&watched, 1, 60'000) > 0;
    });
  }

  int ends_[2] = {-1, -1};
};

TEST_F(FramesTest, MessagesArriveInOrderWhateverTheirSize) {
  // The long one is larger than a socket's buffer, and comes in pieces.
  v1::RolloutResult empty, large;
  large.set_detail(std::string(900'000, 'x'));
  std::thread writer([&] {
    FrameSocket socket = Patient(ends_[1]);
    EXPECT_TRUE(socket.Send(empty).ok());
    EXPECT_TRUE(socket.Send(large).ok());
  });
  FrameSocket socket = Patient(ends_[0]);

  v1::RolloutResult first, second;
  const absl::Status one = socket.Receive(&first);
  const absl::Status two = socket.Receive(&second);
  writer.join();

  EXPECT_TRUE(one.ok()) << one;
  EXPECT_TRUE(two.ok()) << two;
  EXPECT_EQ(first.SerializeAsString(), "");
  EXPECT_EQ(second.detail(), large.detail());
}

TEST_F(FramesTest, AHostileLengthIsRefusedAtOnce) {
  const std::string header = "\xff\xff\xff\x7f";
  ASSERT_EQ(write(ends_[1], header.data(), 4), 4);
  FrameSocket socket = Patient(ends_[0]);

  v1::RolloutResult result;
  const absl::Status status = socket.Receive(&result);

  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(FramesTest, NonsenseIsRefused) {
  const std::string bytes("\x02\0\0\0\xff\xff", 6);
  ASSERT_EQ(write(ends_[1], bytes.data(), bytes.size()), 6);
  FrameSocket socket = Patient(ends_[0]);

  v1::RolloutResult result;
  const absl::Status status = socket.Receive(&result);

  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(FramesTest, ADeadPeerIsUnavailable) {
  FrameSocket socket = Patient(ends_[0]);
  // Dead in the middle of a message.
  ASSERT_EQ(write(ends_[1], "\x09\0\0\0abc", 7), 7);
  CloseTheirs();

  v1::RolloutResult result;
  const absl::Status received = socket.Receive(&result);
  const absl::Status sent = socket.Send(result);

  EXPECT_TRUE(absl::IsUnavailable(received)) << received;
  EXPECT_TRUE(absl::IsUnavailable(sent)) << sent;
}

TEST_F(FramesTest, WaitsNoLongerThanAllowed) {
  int waits = 0;
  FrameSocket socket(ends_[0], kMaxBytes, [&waits](short events) {
    EXPECT_EQ(events, POLLIN);
    return ++waits < 3;
  });

  v1::RolloutResult result;
  const absl::Status status = socket.Receive(&result);

  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_EQ(waits, 3);
}

}  // namespace
}  // namespace starling
