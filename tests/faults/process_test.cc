// Rows of the fault matrix: processes that are killed, stopped and started.
#include <sys/types.h>

#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/run_store.h"
#include "gmock/gmock.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using testing::Process;
using testing::ProcessResult;
using testing::Row;
using testing::Stopwatch;
using testing::WaitUntil;

constexpr int kStopped = 75;
constexpr int kWatchdog = 70;

constexpr char kExperiment[] = R"(
name: "processes" seed: 7
env { half_cheetah {} max_steps: 20 }
policy { linear {} }
strategy { openai_es { num_directions: 10 sigma: 0.05 } }
evaluation { every: 4 episodes: 2 fresh_episodes: 1 }
budget { generations: 10 }
)";

class ProcessTest : public ClusterFixture {
 protected:
  ProcessTest() : ClusterFixture(kExperiment) {}

  // Each physics step takes 1 ms longer, so units take .1 s, and faults strike
  // while some are under way.
  static Words Slowly() {
    return FaultyPhysics("slow", {"STARLING_FAULT_MS=1"});
  }
  void ExpectSameTheta(Row* row) {
    EXPECT_EQ(Signature(run_), Undisturbed());
    if (!HasFailure()) row->Saw("same theta");
  }
  // Long enough for a silence to be noticed.
  static Words Longer() { return {"--set", "budget.generations=24"}; }
  void ExpectSameThetaAsLonger(Row* row) {
    ASSERT_EQ(Train(experiment_, Path("calm"), Longer()).status, 0);
    EXPECT_EQ(Signature(run_), Signature(Path("calm")));
    if (!HasFailure()) row->Saw("same theta");
  }
  // Which results run.db holds of a generation: by whom.
  std::map<uint32_t, std::string> StoredResults(uint64_t generation) const {
    auto store = RunStore::OpenReadOnly(run_ + "/run.db");
    EXPECT_TRUE(store.ok()) << store.status();
    const auto answers = (*store)->Results(generation);
    EXPECT_TRUE(answers.ok()) << answers.status();
    std::map<uint32_t, std::string> stored;
    for (const SessionResult& answer : *answers) {
      stored[answer.result.index()] = answer.session;
    }
    return stored;
  }
};

TEST_F(ProcessTest, Row01_KilledWorker) {
  Row row(1, "kill -9 one of 4 workers in mid-generation",
          "its units re-leased <= 10 s; same theta");
  auto aggregator = StartAggregator(Longer());
  auto workers = StartWorkers(4, Slowly());
  ASSERT_TRUE(AwaitGeneration(1));

  workers[1]->Signal(SIGKILL);
  const Stopwatch since;
  ASSERT_TRUE(WaitUntil([&] { return StatusNumber("workers_lost") == 1; }));

  EXPECT_LE(since.seconds(), 10);
  row.Saw("units free again after " + since.Text());
  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  ExpectSameThetaAsLonger(&row);
}

TEST_F(ProcessTest, Row02_AllWorkersKilledAndOthersStartedLater) {
  Row row(2, "kill -9 all workers; 2 others start later",
          "run waits and says why; goes on; same theta");
  auto aggregator = StartAggregator();
  auto workers = StartWorkers(3, Slowly());
  ASSERT_TRUE(AwaitGeneration(1));

  for (auto& worker : workers) worker->Signal(SIGKILL);
  ASSERT_TRUE(AwaitStatus("no worker is connected: start some"));
  row.Saw("\"no worker is connected: start some\"");
  workers = StartWorkers(2);

  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  ExpectSameTheta(&row);
}

TEST_F(ProcessTest, Row03_KilledAggregator) {
  Row row(3, "kill -9 the aggregator in mid-generation, restart",
          "workers back <= 6 s; no stored result computed again; same theta");
  auto aggregator = StartAggregator();
  auto workers = StartWorkers(3, Slowly());
  ASSERT_TRUE(AwaitGeneration(2));
  ASSERT_TRUE(WaitUntil([&] { return StatusNumber("units_done") >= 5; }));
  aggregator->Signal(SIGKILL);
  aggregator->Wait();
  const int generation = [&] {
    // That which was open: the one with answers and without a successor.
    int open = 0;
    for (int g = 0; g < 9; ++g) {
      if (!StoredResults(g).empty()) open = g;
    }
    return open;
  }();
  const auto stored = StoredResults(generation);
  ASSERT_FALSE(stored.empty());

  aggregator = StartAggregator();
  const Stopwatch since;
  const std::string status = Status();
  if (Number(status, "generation") == generation) {
    EXPECT_GE(Number(status, "units_done"), stored.size());
  }
  ASSERT_TRUE(WaitUntil([&] { return StatusNumber("workers_active") == 3; }));
  EXPECT_LE(since.seconds(), 6);
  row.Saw("workers back after " + since.Text());
  aggregator->Signal(SIGKILL);
  aggregator->Wait();

  // What was there stays, by whom it was; unless a checkpoint covers it now.
  const auto later = StoredResults(generation);
  for (const auto& [index, session] : stored) {
    if (later.empty()) break;
    ASSERT_TRUE(later.count(index)) << index;
    EXPECT_EQ(later.at(index), session) << index;
  }
  row.Saw(std::to_string(stored.size()) + " stored results kept");
  aggregator = StartAggregator();
  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  ExpectSameTheta(&row);
}

TEST_F(ProcessTest, Row05_ManySigterms) {
  Row row(5, "SIGTERM to worker and aggregator, 3 times in a row",
          "exit 75 within the grace; leases returned at once; same theta");
  auto aggregator = StartAggregator();
  auto workers = StartWorkers(2, Slowly());
  ASSERT_TRUE(AwaitGeneration(1));

  const Stopwatch worker_ends;
  for (int i = 0; i < 3; ++i) workers[0]->Signal(SIGTERM);
  const ProcessResult worker = workers[0]->Wait(std::chrono::seconds(20));
  EXPECT_EQ(worker.status, kStopped) << worker.err;
  row.Saw("worker: exit 75 after " + worker_ends.Text());
  const std::string status = Status();
  EXPECT_EQ(Number(status, "workers_lost"), 0) << "it has left by itself";
  EXPECT_LE(Number(status, "units_outstanding"), 2) << "those of the other";
  const Stopwatch aggregator_ends;
  for (int i = 0; i < 3; ++i) aggregator->Signal(SIGTERM);
  const ProcessResult stopped = aggregator->Wait(std::chrono::seconds(20));
  EXPECT_EQ(stopped.status, kStopped) << stopped.err;
  row.Saw("aggregator: exit 75 after " + aggregator_ends.Text());

  EXPECT_EQ(Train(experiment_, run_, {"--workers", "2"}).status, 0);
  ExpectSameTheta(&row);
}

TEST_F(ProcessTest, Row07_SilentWorker) {
  Row row(7, "SIGSTOP a worker for 30 s, then CONT",
          "session lost <= 8 s; late results count once or not; same theta");
  auto aggregator = StartAggregator(Longer());
  auto workers = StartWorkers(3, Slowly());
  ASSERT_TRUE(AwaitGeneration(1));

  workers[0]->Signal(SIGSTOP);
  const Stopwatch silent;
  ASSERT_TRUE(WaitUntil([&] { return StatusNumber("workers_lost") == 1; }));
  // Its last sign of life may be a heartbeat old, and the look takes time.
  EXPECT_LE(silent.seconds(), 8.5);
  row.Saw("lost after " + silent.Text());
  // Others do its units; the run must not end before it comes back.
  ASSERT_TRUE(AwaitGeneration(StatusNumber("generation") + 1));
  Ok({"pause", run_});
  const double full = testing::IsFullForm() ? 30 : 0;
  WaitUntil([&] { return silent.seconds() >= full; });
  workers[0]->Signal(SIGCONT);
  Ok({"resume", run_});

  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  EXPECT_EQ(workers[0]->Wait().status, 0) << workers[0]->err();
  ExpectSameThetaAsLonger(&row);
}

TEST_F(ProcessTest, Row09_WorkerThatNeverFinishes) {
  Row row(9, "a worker that never finishes a unit",
          "a copy elsewhere wins; its watchdog exits 70; same theta");
  auto aggregator = StartAggregator();
  Ok({"pause", run_});
  auto stuck = StartWorker(
      "stuck", {"--isolate", "off", "--step_timeout", "8"},
      FaultyPhysics("hang", {"STARLING_FAULT_WHEN=" + Path("now")}));
  ASSERT_TRUE(AwaitStatus("\"name\":\"stuck\""));
  std::ofstream(Path("now")) << "now";
  Ok({"resume", run_});
  ASSERT_TRUE(
      WaitUntil([&] { return StatusNumber("units_outstanding") > 0; }));
  auto workers = StartWorkers(2);

  EXPECT_EQ(aggregator->Wait().status, 0) << aggregator->err();
  row.Saw("the run ended while it hung: " +
          std::string(stuck->running() ? "yes" : "no"));
  const ProcessResult ended = stuck->Wait();
  EXPECT_EQ(ended.status, kWatchdog) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("no environment step for 8 s"));
  row.Saw("exit 70");
  ExpectSameTheta(&row);
}

TEST_F(ProcessTest, Row24_ChangedConfigurationAndNumberOfWorkers) {
  Row row(24, "resume with a changed experiment, or other workers",
          "exit 2 with the differing fields; same theta");
  Process first(TrainCommand(experiment_, run_, {"--workers", "1"}));
  ASSERT_TRUE(WaitUntil([&] {
    return first.err().find("generation 2/10") != std::string::npos ||
           !first.running();
  }));
  first.Signal(SIGTERM);
  first.Wait();

  const ProcessResult changed =
      Train(experiment_, run_, {"--set", "strategy.openai_es.sigma=0.1"});
  EXPECT_EQ(changed.status, 2);
  EXPECT_THAT(changed.err,
              HasSubstr("strategy.openai_es.sigma: 0.05 -> 0.1"));
  row.Saw("\"strategy.openai_es.sigma: 0.05 -> 0.1\"");
  EXPECT_EQ(Train(experiment_, run_, {"--workers", "3"}).status, 0);
  ExpectSameTheta(&row);
}

}  // namespace
}  // namespace starling
