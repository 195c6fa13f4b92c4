#include "aggregator/listener.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"
#include "tests/testing/socket.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::Exchange;
using testing::NewFolder;
using testing::Socket;

// Says a word to whoever connects, unless it has gone.
void Greet(int fd) {
  send(fd, "hello", 5, MSG_NOSIGNAL);
  close(fd);
}

std::unique_ptr<Listener> BindOrDie(const std::string& address) {
  auto listener = Listener::Bind(address);
  EXPECT_TRUE(listener.ok()) << listener.status();
  return *std::move(listener);
}

TEST(ListenerTest, HandsConnectionsOn) {
  for (const std::string& address :
       {"unix:" + NewFolder() + "/s", std::string("127.0.0.1:0"),
        std::string("localhost:0")}) {
    auto listener = BindOrDie(address);
    listener->Start(Greet);

    const size_t colon = listener->address().rfind(':');
    const std::string at =
        listener->port() == 0
            ? address
            : "127.0.0.1" + listener->address().substr(colon);
    EXPECT_EQ(Exchange(at, ""), "hello") << at;
  }
}

TEST(ListenerTest, ConnectionsWaitUntilItStarts) {
  auto listener = BindOrDie("127.0.0.1:0");
  Socket early(listener->address());
  ASSERT_TRUE(early.is_open());

  listener->Start(Greet);

  EXPECT_EQ(early.ReceiveAll(), "hello");
}

TEST(ListenerTest, AnAddressThatSomebodyHasIsRefused) {
  for (const std::string& address :
       {"unix:" + NewFolder() + "/s", std::string("127.0.0.1:0")}) {
    auto first = BindOrDie(address);

    const auto second = Listener::Bind(first->address());

    EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
    EXPECT_THAT(std::string(second.status().message()),
                HasSubstr(first->address()));
    first->Start(Greet);
    EXPECT_EQ(Exchange(first->address(), ""), "hello") << "undisturbed";
  }
}

TEST(ListenerTest, WhatIsNoAddressOfThisHostIsRefused) {
  for (const char* address : {"192.0.2.1:0", "unix:/nowhere/s", "nohost.:1"}) {
    const auto listener = Listener::Bind(address);
    EXPECT_TRUE(absl::IsUnavailable(listener.status())) << address;
    EXPECT_THAT(std::string(listener.status().message()),
                StartsWith(std::string("can't listen on ") + address));
  }
}

TEST(ListenerTest, ASocketThatADeadProgramHasLeftIsReplaced) {
  const std::string path = NewFolder() + "/s";
  {
    auto dead = BindOrDie("unix:" + path);
    // A killed program does not remove it.
    std::filesystem::create_hard_link(path, path + ".kept");
  }
  std::filesystem::rename(path + ".kept", path);

  auto listener = BindOrDie("unix:" + path);
  listener->Start(Greet);

  EXPECT_EQ(Exchange("unix:" + path, ""), "hello");
  listener.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListenerTest, WithoutDescriptorsNewcomersAreTurnedAwayUntilThereAreSome) {
  auto listener = BindOrDie("127.0.0.1:0");
  std::atomic<int> handed_on{0};
  listener->Start([&](int fd) {
    ++handed_on;
    Greet(fd);
  });
  ASSERT_EQ(Exchange(listener->address(), ""), "hello");
  // The test's own end needs one, the listener's then finds none.
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = dup(0);
  close(next);
  rlimit tight = before;
  tight.rlim_cur = next + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);

  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Exchange(listener->address(), ""), "") << i;
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_EQ(handed_on, 1);
  EXPECT_EQ(Exchange(listener->address(), ""), "hello");
}

}  // namespace
}  // namespace starling
