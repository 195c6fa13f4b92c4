// Runs of the real program for integration tests.
#ifndef STARLING_TESTS_INTEGRATION_RUN_FIXTURE_H_
#define STARLING_TESTS_INTEGRATION_RUN_FIXTURE_H_

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/process.h"

namespace starling {

class RunFixture : public ::testing::Test {
 protected:
  void SetUp() override { folder_ = testing::NewFolder(); }

  static std::string Starling() {
    return testing::DataPath("deploy/cli/starling");
  }
  std::string Path(const std::string& name) const {
    return folder_ + "/" + name;
  }
  // Writes an experiment file and answers its path.
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }
  // `starling train` to its end.
  testing::ProcessResult Train(const std::string& experiment,
                               const std::string& run,
                               const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = TrainCommand(experiment, run, more);
    return testing::RunProcess(words, "", std::chrono::seconds(600));
  }
  static std::vector<std::string> TrainCommand(
      const std::string& experiment, const std::string& run,
      const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {Starling(), "train", experiment, "--run",
                                      run};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // The same command again and again, killed after `first`, then `more` later
  // each time, until it gets through; expects that this took a kill.
  static testing::ProcessResult RunKilledEverLater(
      const std::vector<std::string>& command, std::chrono::milliseconds first,
      std::chrono::milliseconds more) {
    int kills = 0;
    for (auto delay = first;; delay += more) {
      testing::Process process(command);
      const auto until = std::chrono::steady_clock::now() + delay;
      testing::WaitUntil([&] {
        return !process.running() || std::chrono::steady_clock::now() > until;
      });
      if (!process.running()) {
        EXPECT_GE(kills, 1);
        return process.Wait();
      }
      process.Signal(SIGKILL);
      process.Wait();
      ++kills;
    }
  }
  // 64 hexadecimal digits that say which parameters a run ended with.
  static std::string Signature(const std::string& run) {
    const testing::ProcessResult result =
        testing::RunProcess({Starling(), "inspect", run, "--signature"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out.size(), 65u) << result.out;
    return result.out;
  }

  std::string folder_;
};

}  // namespace starling

#endif  // STARLING_TESTS_INTEGRATION_RUN_FIXTURE_H_
