// With real processes, which really die: this program is its own evaluator
// process.
#include "workers/isolated_evaluator.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/text_proto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"
#include "workers/evaluator_process.h"
#include "workers/faulty_evaluator.h"
#include "workers/rollout_evaluator.h"

namespace starling {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

v1::WorkUnit Unit(Act act, uint32_t index = 0) {
  v1::WorkUnit unit;
  unit.set_generation(5);
  unit.set_index(index);
  unit.set_direction(act);
  unit.set_episode_seed(4711);
  unit.set_episodes(1);
  return unit;
}
v1::WorkUnit Raise(int signal) {
  v1::WorkUnit unit = Unit(kRaise);
  unit.set_episodes(signal);
  return unit;
}

std::shared_ptr<const v1::PolicyState> State(float sigma) {
  auto state = std::make_shared<v1::PolicyState>();
  state->set_generation(5);
  state->mutable_distribution()->set_sigma(sigma);
  return state;
}

class IsolatedEvaluatorTest : public ::testing::Test {
 protected:
  static IsolationOptions Fast() {
    IsolationOptions options;
    options.pause = milliseconds(1);
    return options;
  }
  std::unique_ptr<UnitEvaluator> Make(IsolationOptions options = Fast()) {
    v1::Experiment experiment;
    experiment.set_name(folder_);
    auto evaluator = IsolatedEvaluators(std::move(options))(experiment);
    CHECK(evaluator.ok()) << evaluator.status();
    return *std::move(evaluator);
  }

  const std::string folder_ = testing::NewFolder();
};

TEST_F(IsolatedEvaluatorTest, OneProcessAnswersUnitAfterUnit) {
  auto evaluator = Make();
  evaluator->SetState(State(2));

  const v1::RolloutResult first = evaluator->Evaluate(Unit(kAnswer, 1));
  evaluator->SetState(State(3));
  const v1::RolloutResult second = evaluator->Evaluate(Unit(kAnswer, 2));

  EXPECT_EQ(evaluator->env_spec().max_steps(), 7u);
  EXPECT_EQ(first.index(), 1u);
  EXPECT_EQ(first.returns(0), 2);
  EXPECT_EQ(second.index(), 2u);
  EXPECT_EQ(second.returns(0), 3);
  EXPECT_EQ(first.detail(), second.detail());
  EXPECT_NE(first.detail(), std::to_string(getpid()));
}

TEST_F(IsolatedEvaluatorTest, AnswersTheBitsOfOneInThisProcess) {
  v1::Experiment experiment;
  ASSERT_TRUE(ParseTextProto("name: \"bits\" env { pendulum {} max_steps: 50 } "
                             "policy { linear { bias: true } } "
                             "strategy { openai_es {} }",
                             "test", &experiment)
                  .ok());
  auto isolated = IsolatedEvaluators(Fast())(experiment);
  auto here = RolloutEvaluators()(experiment);
  ASSERT_TRUE(isolated.ok()) << isolated.status();
  ASSERT_TRUE(here.ok()) << here.status();
  auto state = std::make_shared<v1::PolicyState>();
  state->mutable_distribution()->set_sigma(0.5);
  state->mutable_distribution()->mutable_mean()->Resize(4, 0.25f);
  v1::WorkUnit unit;
  unit.set_sign(-1);
  unit.set_direction(3);
  unit.set_episodes(2);
  unit.set_keep_moments(true);

  (*isolated)->SetState(state);
  (*here)->SetState(state);
  const v1::RolloutResult answer = (*isolated)->Evaluate(unit);

  EXPECT_EQ(answer.status(), v1::RolloutResult::OK) << answer.detail();
  EXPECT_EQ(answer.lengths_size(), 2);
  EXPECT_EQ(answer.SerializeAsString(),
            (*here)->Evaluate(unit).SerializeAsString());
  EXPECT_EQ((*isolated)->env_spec().SerializeAsString(),
            (*here)->env_spec().SerializeAsString());
}

TEST_F(IsolatedEvaluatorTest, ASegmentationFaultIsReportedAndTheNextGoesOn) {
  auto evaluator = Make();
  evaluator->SetState(State(2));
  const std::string before = evaluator->Evaluate(Unit(kAnswer)).detail();

  const v1::RolloutResult crash = evaluator->Evaluate(Unit(kSegfault, 9));
  const v1::RolloutResult next = evaluator->Evaluate(Unit(kAnswer));

  EXPECT_EQ(crash.status(), v1::RolloutResult::CRASHED);
  EXPECT_EQ(crash.generation(), 5u);
  EXPECT_EQ(crash.index(), 9u);
  EXPECT_TRUE(crash.returns().empty());
  EXPECT_THAT(crash.detail(), HasSubstr("SIGSEGV after 3 control steps"));
  EXPECT_THAT(crash.detail(), HasSubstr("seed 4711"));
  // Another process, which was told the state.
  EXPECT_EQ(next.status(), v1::RolloutResult::OK);
  EXPECT_EQ(next.returns(0), 2);
  EXPECT_NE(next.detail(), before);
}

TEST_F(IsolatedEvaluatorTest, EverySignalOfAFaultIsACrash) {
  auto evaluator = Make();
  const std::pair<int, std::string> signals[] = {{SIGSEGV, "SIGSEGV"},
                                                 {SIGBUS, "SIGBUS"},
                                                 {SIGFPE, "SIGFPE"},
                                                 {SIGILL, "SIGILL"},
                                                 {SIGABRT, "SIGABRT"}};
  for (const auto& [signal, name] : signals) {
    const v1::RolloutResult crash = evaluator->Evaluate(Raise(signal));

    EXPECT_EQ(crash.status(), v1::RolloutResult::CRASHED) << name;
    EXPECT_THAT(crash.detail(), HasSubstr(name + " "));
  }
}

TEST_F(IsolatedEvaluatorTest, AKilledProcessIsNoReportAboutTheUnit) {
  auto evaluator = Make();

  const v1::RolloutResult result = evaluator->Evaluate(Unit(kKillOnce));

  EXPECT_EQ(result.status(), v1::RolloutResult::OK);
  EXPECT_TRUE(std::ifstream(folder_ + "/killed").good());
}

TEST_F(IsolatedEvaluatorTest, SignalsForTheWorkerDoNotEndItsProcesses) {
  auto evaluator = Make();
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    const std::string before = evaluator->Evaluate(Unit(kAnswer)).detail();

    EXPECT_EQ(evaluator->Evaluate(Raise(signal)).detail(), before);
  }
}

TEST_F(IsolatedEvaluatorTest, GivesUpOnceProcessesDieForNoReasonOfTheUnits) {
  for (const auto& [act, reason] :
       {std::pair(kExit, "exit status 3"),
        std::pair(kNonsense, "it answered nonsense")}) {
    std::promise<std::string> hopeless;
    IsolationOptions options = Fast();
    options.on_hopeless = [&](const std::string& why) {
      hopeless.set_value(why);
    };
    std::unique_ptr<UnitEvaluator> evaluator = Make(std::move(options));
    // Reports of units in between would have set the count back.
    evaluator->Evaluate(Unit(kSegfault));

    std::thread slot([&evaluator, act = act] {
      EXPECT_NE(evaluator->Evaluate(Unit(act)).status(),
                v1::RolloutResult::CRASHED);
    });
    const std::string why = hopeless.get_future().get();
    evaluator->BreakOff();
    slot.join();

    EXPECT_THAT(why, HasSubstr("end 10 times in a row"));
    EXPECT_THAT(why, HasSubstr(reason));
  }
}

TEST_F(IsolatedEvaluatorTest, AUnitWithoutStepsIsStuckAndOneWithFewIsNot) {
  IsolationOptions options = Fast();
  options.step_timeout = milliseconds(200);
  auto evaluator = Make(std::move(options));

  const v1::RolloutResult stuck = evaluator->Evaluate(Unit(kHang, 4));
  // Takes twice the limit, but makes steps.
  const v1::RolloutResult slow = evaluator->Evaluate(Unit(kSlow));

  EXPECT_EQ(stuck.status(), v1::RolloutResult::STUCK);
  EXPECT_EQ(stuck.index(), 4u);
  EXPECT_THAT(stuck.detail(), HasSubstr("no environment step for 0.2 s"));
  EXPECT_EQ(slow.status(), v1::RolloutResult::OK);
}

TEST_F(IsolatedEvaluatorTest, AProcessThatIsStoppedForAWhileGoesOn) {
  auto evaluator = Make();
  const std::string before = evaluator->Evaluate(Unit(kAnswer)).detail();
  const pid_t child = std::stoi(before);

  kill(child, SIGSTOP);
  std::thread slot([&] {
    EXPECT_EQ(evaluator->Evaluate(Unit(kSlow)).detail(), before);
  });
  const uint64_t wakes = evaluator->steps();
  EXPECT_TRUE(testing::WaitUntil([&] { return evaluator->steps() > wakes; }));
  kill(child, SIGCONT);
  slot.join();
}

TEST_F(IsolatedEvaluatorTest, AHungUnitCanBeBrokenOff) {
  auto evaluator = Make();
  const uint64_t before = evaluator->steps();
  std::thread slot([&] {
    evaluator->Evaluate(Unit(kHang));
    // And so can what would come next.
    evaluator->Evaluate(Unit(kHang));
  });

  // The slot itself lives: the pool's watchdog has no reason to bark.
  EXPECT_TRUE(testing::WaitUntil([&] { return evaluator->steps() > before; }));
  evaluator->BreakOff();
  slot.join();
}

TEST_F(IsolatedEvaluatorTest, SaysWhyItCannotBeBuilt) {
  v1::Experiment experiment;
  experiment.set_name("not to be built");
  EXPECT_EQ(IsolatedEvaluators(Fast())(experiment).status(),
            absl::NotFoundError("no such model file"));

  experiment.set_name("dies while it is built");
  const absl::Status dies = IsolatedEvaluators(Fast())(experiment).status();
  EXPECT_TRUE(absl::IsInternal(dies)) << dies;
  EXPECT_THAT(std::string(dies.message()),
              HasSubstr("SIGSEGV while it built its environment"));

  IsolationOptions options = Fast();
  options.program = "/no/such/program";
  const absl::Status absent = IsolatedEvaluators(options)(experiment).status();
  EXPECT_TRUE(absl::IsInternal(absent)) << absent;
  EXPECT_THAT(std::string(absent.message()), HasSubstr("/no/such/program"));
}

TEST_F(IsolatedEvaluatorTest, ProcessesGetNoneOfOurDescriptors) {
  // Beyond the numbers that a process has for its own use.
  const int leak = fcntl(STDERR_FILENO, F_DUPFD, 50);
  ASSERT_GE(leak, 50);
  auto evaluator = Make();

  // Standard input, output and error, and the socket.
  EXPECT_EQ(evaluator->Evaluate(Unit(kDescriptors)).lengths(0), 4u);
  close(leak);
}

TEST_F(IsolatedEvaluatorTest, ManyUnitsAndManyProcessesLeaveNothingBehind) {
  auto evaluator = Make();
  evaluator->SetState(State(1));
  evaluator->Evaluate(Unit(kSegfault));
  evaluator->Evaluate(Unit(kAnswer));
  const auto mappings = [] {
    std::ifstream maps("/proc/self/maps");
    return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
  };
  const size_t descriptors = CountEntries("/proc/self/fd");
  const auto mapped = mappings();

  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(evaluator->Evaluate(Unit(kSegfault)).status(),
              v1::RolloutResult::CRASHED);
  }
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(evaluator->Evaluate(Unit(kAnswer)).status(),
              v1::RolloutResult::OK);
  }

  EXPECT_EQ(CountEntries("/proc/self/fd"), descriptors);
  // The heap may grow by a mapping or two, not by one a process.
  EXPECT_LT(mappings(), mapped + 10);
}

TEST_F(IsolatedEvaluatorTest, AProcessEndsWithItsParentEvenInAUnit) {
  testing::Process parent({fs::read_symlink("/proc/self/exe"), "parent"});
  ASSERT_TRUE(testing::WaitUntil(
      [&] { return parent.out().find('\n') != std::string::npos; }));
  const pid_t child = std::stoi(parent.out());
  ASSERT_EQ(kill(child, 0), 0);

  parent.Signal(SIGKILL);
  parent.Wait();

  // Gone, or a corpse that nobody has collected.
  EXPECT_TRUE(testing::WaitUntil([&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string number, name, state;
    stat >> number >> name >> state;
    return state.empty() || state == "Z";
  }));
}

TEST_F(IsolatedEvaluatorTest, NobodyElseStartsAProcess) {
  const testing::ProcessResult result = testing::RunProcess(
      {fs::read_symlink("/proc/self/exe"), kEvaluatorWord});

  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("for workers"));
  EXPECT_THAT(result.err, Not(HasSubstr("evaluator process:")));
}

// Prints its child's id, then hangs in a unit.
int BeParent() {
  v1::Experiment experiment;
  auto evaluator = IsolatedEvaluators({})(experiment);
  CHECK(evaluator.ok());
  std::puts((*evaluator)->Evaluate(Unit(kAnswer)).detail().c_str());
  std::fflush(stdout);
  (*evaluator)->Evaluate(Unit(kHang));
  return 0;
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == starling::kEvaluatorWord) {
    return starling::RunEvaluatorProcess(argc, argv,
                                         starling::FaultyEvaluators);
  }
  if (word == "parent") return starling::BeParent();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
