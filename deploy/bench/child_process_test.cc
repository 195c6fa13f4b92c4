#include "deploy/bench/child_process.h"

#include <signal.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(ChildProcessTest, MessagesArriveAndTheAnswerIsTheLast) {
  const auto child = ChildProcess::Start([](ChildPipe& parent) {
    parent.Send(std::to_string(getpid()));
    parent.AwaitClose();
    return "bye";
  });
  ASSERT_TRUE(child.ok()) << child.status();

  const auto pid = (*child)->Receive();
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_EQ(*pid, std::to_string((*child)->pid()));
  EXPECT_NE(*pid, std::to_string(getpid()));
  EXPECT_EQ(*(*child)->Finish(), "bye");
}

TEST(ChildProcessTest, ErrorsOfTheChildAreOurs) {
  const auto child = ChildProcess::Start(
      [](ChildPipe&) { return absl::UnavailableError("no port is free"); });
  ASSERT_TRUE(child.ok()) << child.status();

  EXPECT_EQ((*child)->Receive().status(),
            absl::UnavailableError("no port is free"));
}

TEST(ChildProcessTest, DeathOfTheChildIsReported) {
  const auto child =
      ChildProcess::Start([](ChildPipe& parent) -> absl::StatusOr<std::string> {
        raise(SIGKILL);
        return "never";
      });
  ASSERT_TRUE(child.ok()) << child.status();

  const auto answer = (*child)->Receive();
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(answer.status().message().find("Killed"), std::string::npos)
      << answer.status();
}

TEST(ChildProcessTest, AProcessWithThreadsIsRefused) {
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  std::thread waiter([&] {
    char byte;
    (void)!read(gate[0], &byte, 1);
  });

  const auto child =
      ChildProcess::Start([](ChildPipe&) { return std::string(); });

  EXPECT_EQ(child.status().code(), absl::StatusCode::kFailedPrecondition);
  close(gate[1]);
  waiter.join();
  close(gate[0]);
}

}  // namespace
}  // namespace starling
