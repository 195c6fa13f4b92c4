// Environments that crash and hang for real, under the real program: the run
// goes on without the units that they take down, and its outcome is the same
// for any number of workers; what can't go on says so, and how to see it again.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"

namespace starling {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ChildrenOf;
using testing::Process;
using testing::ProcessResult;
using testing::RunProcess;
using testing::WaitUntil;

constexpr int kTrainingFailed = 6;

constexpr char kExperiment[] = R"(
name: "crash" seed: 3
env { half_cheetah {} max_steps: 40 }
policy { linear {} }
strategy { openai_es { num_directions: 40 sigma: 0.05 } }
evaluation { every: 2 episodes: 2 fresh_episodes: 0 }
budget { generations: 6 }
)";
// So many episodes of this experiment have the fault: some, but no more than
// may be missing.
constexpr char kOneIn[] = "110";

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

class CrashTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    experiment_ = Write("crash.textproto", kExperiment);
  }

  // The command in an environment where some episodes have this fault.
  static std::vector<std::string> With(const std::string& fault,
                                       std::vector<std::string> command) {
    std::vector<std::string> words = FaultyPhysics(
        fault, {std::string("STARLING_FAULT_ONE_IN=") + kOneIn});
    words.insert(words.begin(), "/usr/bin/env");
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }
  std::vector<std::string> Aggregator(const std::string& run) const {
    return {Starling(), "aggregator", experiment_, "--listen",
            "unix:" + run + ".sock", "--run", run};
  }
  static std::vector<std::string> Worker(
      const std::string& run, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {Starling(), "worker", "--endpoint_file",
                                      run + "/endpoint", "--wait", "60"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // The command that a message ends with, as words.
  static std::vector<std::string> PrintedCommand(const std::string& messages) {
    const std::string key = "To evaluate it again: starling ";
    const size_t at = messages.find(key);
    EXPECT_NE(at, std::string::npos) << messages;
    if (at == std::string::npos) return {"/bin/false"};
    const size_t begin = at + key.size();
    std::vector<std::string> words =
        Words(messages.substr(begin, messages.find('\n', begin) - begin));
    words.insert(words.begin(), Starling());
    return words;
  }

  std::string experiment_;
};

TEST_F(CrashTest, Row23_UnitsThatCrashLeaveTheUpdateAndTheRunGoesOn) {
  testing::Row row(23, "environment segfaults on certain seeds",
                   "its pair leaves the update, with a command; run goes on");
  std::string signature, messages;
  for (const char* workers : {"1", "2", "3"}) {
    const std::string run = Path(std::string("with") + workers);

    const ProcessResult result = RunProcess(With(
        "segfault", TrainCommand(experiment_, run, {"--workers", workers})));

    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err,
                HasSubstr("is left out: CRASHED, the evaluator died of SIGSEGV "
                          "after 0 control steps"));
    if (signature.empty()) signature = Signature(run);
    EXPECT_EQ(Signature(run), signature) << workers << " workers";
    messages = result.err;
  }

  row.Saw("same theta with 1, 2 and 3 workers");
  // As printed: with the fault it happens again, without it does not.
  const std::vector<std::string> command = PrintedCommand(messages);
  const ProcessResult again = RunProcess(With("segfault", command));
  EXPECT_EQ(again.status, kTrainingFailed) << again.err;
  EXPECT_THAT(again.out, HasSubstr("then: CRASHED: the evaluator died of"));
  EXPECT_THAT(again.out, HasSubstr("now:  CRASHED: the evaluator died of"));
  const ProcessResult healthy = RunProcess(command);
  EXPECT_EQ(healthy.status, 0) << healthy.err;
  EXPECT_THAT(healthy.out, HasSubstr("now:  OK"));
  row.Saw("the printed command crashes again");
  // The fault did change the run.
  ASSERT_EQ(Train(experiment_, Path("healthy")).status, 0);
  EXPECT_NE(Signature(Path("healthy")), signature);
}

TEST_F(CrashTest, WithoutIsolationTheWorkerDiesOfTheUnit) {
  const std::string run = Path("run");
  Process aggregator(Aggregator(run));

  const ProcessResult worker =
      RunProcess(With("segfault", Worker(run, {"--isolate", "off"})));

  EXPECT_EQ(worker.status, 128 + SIGSEGV) << worker.err;
}

TEST_F(CrashTest, AUnitThatHangsEndsTheRunWithItsCommand) {
  const std::string run = Path("run");
  Process aggregator(Aggregator(run));
  Process worker(With("hang", Worker(run, {"--step_timeout", "0.5"})));

  const ProcessResult result = aggregator.Wait();

  EXPECT_EQ(result.status, kTrainingFailed) << result.err;
  EXPECT_THAT(result.err, HasSubstr("was ended 3 times by the step watchdog "
                                    "(no environment step for 0.5 s"));
  EXPECT_THAT(result.err, Not(HasSubstr("is left out")));
  EXPECT_EQ(worker.Wait().status, 0) << worker.err();
  std::vector<std::string> command = PrintedCommand(result.err);
  command.insert(command.end(), {"--step_timeout", "0.5"});
  const ProcessResult again = RunProcess(With("hang", command));
  EXPECT_EQ(again.status, kTrainingFailed) << again.err;
  EXPECT_THAT(again.out, HasSubstr("now:  STUCK: no environment step"));
}

TEST_F(CrashTest, KilledEvaluatorProcessesChangeNothing) {
  const std::vector<std::string> longer = {"--set", "budget.generations=40"};
  const std::string run = Path("run"), undisturbed = Path("undisturbed");
  std::vector<std::string> command = Aggregator(run);
  command.insert(command.end(), longer.begin(), longer.end());
  Process aggregator(command);
  Process one(Worker(run)), two(Worker(run, {"--slots", "2"}));

  // One after the other, each once there was some progress: killed faster than
  // they answer, processes would give a worker no hope.
  std::mt19937 random(1);
  int kills = 0;
  size_t seen = 0;
  while (aggregator.running()) {
    if (!WaitUntil([&] {
          return !aggregator.running() || aggregator.err().size() > seen;
        })) {
      break;
    }
    seen = aggregator.err().size();
    std::vector<pid_t> children = ChildrenOf(one.pid());
    for (const pid_t child : ChildrenOf(two.pid())) children.push_back(child);
    if (children.empty()) continue;
    kill(children[random() % children.size()], SIGKILL);
    ++kills;
  }
  const ProcessResult result = aggregator.Wait();

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_GE(kills, 3);
  EXPECT_EQ(one.Wait().status, 0) << one.err();
  EXPECT_EQ(two.Wait().status, 0) << two.err();
  EXPECT_THAT(one.err() + two.err(), HasSubstr("evaluated again in a new one"));
  ASSERT_EQ(Train(experiment_, undisturbed, longer).status, 0);
  EXPECT_EQ(Signature(run), Signature(undisturbed));
}

}  // namespace
}  // namespace starling
