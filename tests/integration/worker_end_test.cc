// How workers of the real program end, and with which status.
#include <chrono>
#include <csignal>
#include <string>

#include "gmock/gmock.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using testing::Process;
using testing::ProcessResult;
using testing::RunProcess;
using testing::WaitUntil;

constexpr int kCannotStart = 3;
constexpr int kStopped = 75;

class WorkerEndTest : public RunFixture {
 protected:
  // Units of an hour or so.
  std::string Endless() const {
    return Write("endless.textproto", R"(
      name: "endless" seed: 3
      env { half_cheetah {} max_steps: 1000000 }
      rollout { episodes: 100 }
      policy { linear {} }
      strategy { openai_es { num_directions: 4 sigma: 0.05 } }
      budget { generations: 1 }
    )");
  }
};

TEST_F(WorkerEndTest, SigtermEndsAWorkerWithinItsGraceHoweverOftenItComes) {
  const std::string run = Path("run");
  Process aggregator({Starling(), "aggregator", Endless(), "--listen",
                      "unix:" + Path("a.sock"), "--run", run});
  Process worker({Starling(), "worker", "--endpoint_file", run + "/endpoint",
                  "--wait", "60", "--grace", "1", "--verbose"});
  ASSERT_TRUE(WaitUntil([&] {
    return worker.err().find("working on run") != std::string::npos;
  })) << worker.err();

  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) worker.Signal(SIGTERM);
  const ProcessResult result = worker.Wait();

  EXPECT_EQ(result.status, kStopped) << result.err;
  EXPECT_THAT(result.err, HasSubstr("unfinished units were given back"));
  // It did not wait for the unit's end.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

TEST_F(WorkerEndTest, GivesUpOnAnAggregatorThatIsNotThereOnlyIfAsked) {
  Process patient({Starling(), "worker", "--connect", "unix:" + Path("no")});

  const ProcessResult hasty =
      RunProcess({Starling(), "worker", "--connect", "unix:" + Path("no"),
                  "--give_up_after", "1"});

  EXPECT_EQ(hasty.status, kCannotStart) << hasty.err;
  EXPECT_THAT(hasty.err, HasSubstr(Path("no")));
  EXPECT_TRUE(patient.running());
  patient.Signal(SIGTERM);
  EXPECT_EQ(patient.Wait().status, kStopped) << patient.err();
}

TEST_F(WorkerEndTest, WhatWorkersStartIsNotForUsers) {
  const ProcessResult result = RunProcess({Starling(), "evaluator"});

  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("is for workers"));
}

}  // namespace
}  // namespace starling
