// A worker that gives plausible wrong answers, under the real program: audits
// find it, what it has had a hand in is done again, and the run ends with the
// same parameters as without it.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Process;
using testing::ProcessResult;
using testing::RunProcess;
using testing::WaitUntil;

constexpr int kRefused = 4;
constexpr int kTrainingFailed = 6;

constexpr char kExperiment[] = R"(
name: "audited" seed: 5
env { half_cheetah {} max_steps: 50 }
policy { linear {} }
strategy { openai_es { num_directions: 20 sigma: 0.05 } }
evaluation { every: 10 episodes: 2 fresh_episodes: 1 }
budget { generations: 40 }
)";

class AuditTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    experiment_ = Write("audited.textproto", kExperiment);
    run_ = Path("run");
    time_to_lie_ = Path("now");
  }

  std::vector<std::string> Aggregator(
      const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {
        Starling(), "aggregator", experiment_, "--listen",
        "unix:" + Path("a.sock"), "--run", run_};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::vector<std::string> Worker(const std::string& name) const {
    return {Starling(), "worker",  "--endpoint_file", run_ + "/endpoint",
            "--name",   name,      "--wait",          "60"};
  }
  // It lies from the moment on in which TellLies is called.
  std::vector<std::string> Liar() const {
    std::vector<std::string> words = {
        "/usr/bin/env",
        "LD_PRELOAD=" +
            testing::DataPath("tests/faults/libcrashing_physics.so"),
        "STARLING_FAULT=lie", "STARLING_FAULT_WHEN=" + time_to_lie_,
        // For programs that are built with that sanitizer.
        "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"};
    for (const std::string& word : Worker("liar")) words.push_back(word);
    return words;
  }
  void TellLies() const { std::ofstream(time_to_lie_) << "now"; }

  std::vector<std::unique_ptr<Process>> StartHonestWorkers(int n) const {
    std::vector<std::unique_ptr<Process>> workers;
    for (int i = 0; i < n; ++i) {
      workers.push_back(
          std::make_unique<Process>(Worker("honest-" + std::to_string(i))));
    }
    return workers;
  }
  bool AwaitEndpoint() const {
    return WaitUntil([&] { return std::filesystem::exists(run_ + "/endpoint"); });
  }
  // -1 while there is no answer.
  int Generation() const {
    const ProcessResult status =
        RunProcess({Starling(), "status", run_, "--json"});
    const std::string key = "\"generation\":";
    const size_t at = status.out.find(key);
    return at == std::string::npos
               ? -1
               : std::atoi(status.out.c_str() + at + key.size());
  }
  bool AwaitStatus(const std::string& part) const {
    return WaitUntil([&] {
      return RunProcess({Starling(), "status", run_, "--json"})
                 .out.find(part) != std::string::npos;
    });
  }
  bool AwaitGeneration(int generation) const {
    return WaitUntil([&] { return Generation() >= generation; });
  }
  std::string Undisturbed() {
    const std::string run = Path("undisturbed");
    const ProcessResult result = Train(experiment_, run, {"--workers", "2"});
    EXPECT_EQ(result.status, 0) << result.err;
    return Signature(run);
  }
  // Honest workers train on and on; one that has been honest until then lies
  // from a generation after a checkpoint on.
  void DeceiveFromTheMiddleOn(
      std::vector<std::unique_ptr<Process>>* workers) {
    ASSERT_TRUE(AwaitEndpoint());
    *workers = StartHonestWorkers(3);
    ASSERT_TRUE(AwaitGeneration(2));
    ASSERT_EQ(RunProcess({Starling(), "checkpoint", run_}).status, 0);
    workers->push_back(std::make_unique<Process>(Liar()));
    ASSERT_TRUE(AwaitStatus("\"name\":\"liar\""));
    ASSERT_TRUE(AwaitGeneration(Generation() + 2));
    TellLies();
  }

  std::string experiment_, run_, time_to_lie_;
};

TEST_F(AuditTest, WhereEverythingIsAuditedALieNeverEnters) {
  Process aggregator(Aggregator({"--set", "audit_fraction=1"}));
  ASSERT_TRUE(AwaitEndpoint());
  auto workers = StartHonestWorkers(3);
  workers.push_back(std::make_unique<Process>(Liar()));
  ASSERT_TRUE(AwaitStatus("\"name\":\"liar\""));
  TellLies();

  const ProcessResult result = aggregator.Wait();

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("other workers agree on another answer than it has"));
  EXPECT_THAT(result.err, Not(HasSubstr("going back")));
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(AuditTest, FullAuditWaitsForASecondWorker) {
  Process aggregator(Aggregator({"--set", "audit_fraction=1"}));
  ASSERT_TRUE(AwaitEndpoint());
  auto workers = StartHonestWorkers(1);

  EXPECT_TRUE(AwaitStatus("the answer of one more worker"));
  workers.push_back(std::make_unique<Process>(Worker("second")));

  const ProcessResult result = aggregator.Wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(AuditTest, Row12_TheRunGoesBackBehindTheFirstAnswerOfALiar) {
  Process aggregator(Aggregator({"--set", "audit_fraction=0.1"}));
  std::vector<std::unique_ptr<Process>> workers;
  DeceiveFromTheMiddleOn(&workers);

  const ProcessResult result = aggregator.Wait();

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("going back: generation "));
  // Not to the beginning.
  EXPECT_THAT(result.err, HasSubstr("Resuming " + run_ + " at generation "));
  EXPECT_THAT(result.err, Not(HasSubstr(run_ + " at generation 0")));
  const ProcessResult liar = workers.back()->Wait();
  EXPECT_EQ(liar.status, kRefused);
  EXPECT_THAT(liar.err, HasSubstr("its machine computes other bits"));
  for (size_t i = 0; i + 1 < workers.size(); ++i) {
    EXPECT_EQ(workers[i]->Wait().status, 0) << workers[i]->err();
  }
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(AuditTest, WithoutRollbackTheRunFailsAndSaysSince) {
  std::vector<std::unique_ptr<Process>> workers;
  const std::vector<std::string> command =
      Aggregator({"--set", "audit_fraction=0.1", "--no_rollback"});
  {
    Process aggregator(command);
    DeceiveFromTheMiddleOn(&workers);
    const ProcessResult result = aggregator.Wait();
    EXPECT_EQ(result.status, kTrainingFailed) << result.err;
    EXPECT_THAT(result.err,
                HasSubstr("and later ones may have learned from wrong"));
  }
  const ProcessResult again = RunProcess(command);
  EXPECT_EQ(again.status, kTrainingFailed) << again.err;
  EXPECT_THAT(again.err, HasSubstr("is the first that may have learned from"));
  EXPECT_THAT(again.err, HasSubstr("Without --no_rollback"));
  workers.clear();

  const ProcessResult result =
      Train(experiment_, run_,
            {"--workers", "2", "--set", "audit_fraction=0.1"});

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("going back: generation "));
  EXPECT_EQ(Signature(run_), Undisturbed());
}

}  // namespace
}  // namespace starling
