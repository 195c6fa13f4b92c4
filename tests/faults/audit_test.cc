// A worker that gives plausible wrong answers, under the real program: audits
// find it, what it has had a hand in is done again, and the run ends with the
// same parameters as without it.
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Process;
using testing::ProcessResult;
using testing::Row;
using testing::Stopwatch;
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

class AuditTest : public ClusterFixture {
 protected:
  AuditTest() : ClusterFixture(kExperiment) {}

  // It lies from the moment on in which TellLies is called.
  std::unique_ptr<Process> StartLiar() {
    return StartWorker(
        "liar", {},
        FaultyPhysics("lie", {"STARLING_FAULT_WHEN=" + Path("now")}));
  }
  void TellLies() const { std::ofstream(Path("now")) << "now"; }

  // Honest workers train on and on; one that has been honest until then lies
  // from a generation after a checkpoint on.
  void DeceiveFromTheMiddleOn(std::vector<std::unique_ptr<Process>>* workers) {
    *workers = StartWorkers(3);
    ASSERT_TRUE(AwaitGeneration(2));
    Ok({"checkpoint", run_});
    workers->push_back(StartLiar());
    ASSERT_TRUE(AwaitStatus("\"name\":\"liar\""));
    ASSERT_TRUE(
        AwaitGeneration(static_cast<int>(StatusNumber("generation")) + 2));
    TellLies();
  }
};

TEST_F(AuditTest, WhereEverythingIsAuditedALieNeverEnters) {
  auto aggregator = StartAggregator({"--set", "audit_fraction=1"});
  auto workers = StartWorkers(3);
  workers.push_back(StartLiar());
  ASSERT_TRUE(AwaitStatus("\"name\":\"liar\""));
  TellLies();

  const ProcessResult result = aggregator->Wait();

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("other workers agree on another answer than it has"));
  EXPECT_THAT(result.err, Not(HasSubstr("going back")));
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(AuditTest, FullAuditWaitsForASecondWorker) {
  auto aggregator = StartAggregator({"--set", "audit_fraction=1"});
  auto workers = StartWorkers(1);

  EXPECT_TRUE(AwaitStatus("the answer of one more worker"));
  workers.push_back(StartWorker("second"));

  const ProcessResult result = aggregator->Wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Signature(run_), Undisturbed());
}

TEST_F(AuditTest, Row12_TheRunGoesBackBehindTheFirstAnswerOfALiar) {
  Row row(12, "forged plausible results from one of 4 workers, audits of .1",
          "found; results redone; same theta");
  auto aggregator = StartAggregator({"--set", "audit_fraction=0.1"});
  std::vector<std::unique_ptr<Process>> workers;
  DeceiveFromTheMiddleOn(&workers);
  const Stopwatch lying;
  EXPECT_TRUE(WaitUntil([&] {
    return aggregator->err().find("going back") != std::string::npos;
  }));
  row.Saw("found and gone back after " + lying.Text());

  const ProcessResult result = aggregator->Wait();

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
  row.Saw("same theta");
}

TEST_F(AuditTest, WithoutRollbackTheRunFailsAndSaysSince) {
  std::vector<std::unique_ptr<Process>> workers;
  const Words adamant = {"--set", "audit_fraction=0.1", "--no_rollback"};
  auto aggregator = StartAggregator(adamant);
  DeceiveFromTheMiddleOn(&workers);
  const ProcessResult failed = aggregator->Wait();
  EXPECT_EQ(failed.status, kTrainingFailed) << failed.err;
  EXPECT_THAT(failed.err,
              HasSubstr("and later ones may have learned from wrong"));
  const ProcessResult again = StartAggregator(adamant)->Wait();
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
