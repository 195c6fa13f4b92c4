#include "deploy/run/local_workers.h"

#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

using testing::NewFolder;
using testing::WaitUntil;

class LocalWorkersTest : public ::testing::Test {
 protected:
  // Workers that are this shell script.
  std::unique_ptr<LocalWorkers> Start(int count, const std::string& script) {
    const std::string program = folder_ + "/program";
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    chmod(program.c_str(), 0700);
    auto workers =
        LocalWorkers::Start({.program = program,
                             .address = "unix:/nowhere",
                             .count = count,
                             .log_folder = folder_,
                             .grace = std::chrono::milliseconds(2000),
                             .pause = std::chrono::milliseconds(1)});
    EXPECT_TRUE(workers.ok()) << workers.status();
    return *std::move(workers);
  }

  const std::string folder_ = NewFolder();
};

TEST_F(LocalWorkersTest, OneThatIsKilledIsStartedAgain) {
  const auto workers = Start(2, "exec sleep 1000");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(WaitUntil([&] { return workers->pids().size() == 2; }));
    const pid_t victim = workers->pids()[1];
    ASSERT_EQ(kill(victim, SIGKILL), 0);
    ASSERT_TRUE(WaitUntil([&] {
      const std::vector<pid_t> pids = workers->pids();
      return pids.size() == 2 && pids[1] != victim;
    }));
  }
  EXPECT_TRUE(workers->status().ok()) << "kills are nobody's fault";
}

TEST_F(LocalWorkersTest, WithoutHopeItSaysSo) {
  const auto workers = Start(2, "exit 1");

  ASSERT_TRUE(WaitUntil([&] { return !workers->status().ok(); }));

  EXPECT_TRUE(absl::IsAborted(workers->status())) << workers->status();
  EXPECT_TRUE(absl::StrContains(workers->status().message(),
                                folder_ + "/worker-0.log"));
}

TEST_F(LocalWorkersTest, OneThatWorksIsHope) {
  const auto workers = Start(2, "mkdir " + folder_ +
                                    "/first 2>/dev/null && exec sleep 1000\n"
                                    "echo x >> " +
                                    folder_ + "/failures; exit 1");
  // The failing one fails more often than two would have to.
  ASSERT_TRUE(WaitUntil([&] {
    struct stat information;
    return stat((folder_ + "/failures").c_str(), &information) == 0 &&
           information.st_size > 2 * 25;
  }));
  EXPECT_TRUE(workers->status().ok()) << workers->status();
}

TEST_F(LocalWorkersTest, RefusedOnesAreNotStartedAgain) {
  const auto workers = Start(2, "exit 4");

  ASSERT_TRUE(WaitUntil([&] { return !workers->status().ok(); }));

  EXPECT_TRUE(absl::IsFailedPrecondition(workers->status()))
      << workers->status();
  EXPECT_TRUE(workers->pids().empty());
}

TEST_F(LocalWorkersTest, TheyEndWithTheObject) {
  auto workers = Start(2, "exec sleep 1000");
  ASSERT_TRUE(WaitUntil([&] { return workers->pids().size() == 2; }));
  const std::vector<pid_t> pids = workers->pids();

  workers.reset();

  for (const pid_t pid : pids) EXPECT_NE(kill(pid, 0), 0) << pid;
}

}  // namespace
}  // namespace starling
