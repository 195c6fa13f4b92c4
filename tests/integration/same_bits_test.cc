// A run ends with the same parameters, bit for bit, for any number of workers
// and whatever is killed on the way. Real processes, killed for real.

#include <cstdlib>
#include <memory>

#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using testing::Process;
using testing::ProcessResult;
using testing::WaitUntil;

// Short, but with all that can differ: a normaliser, several episodes a unit,
// an optimiser with memory, evaluations.
constexpr char kExperiment[] = R"(
name: "bits" seed: 11
env { half_cheetah {} max_steps: 120 }
policy { mlp { hidden: 8 } }
strategy { openai_es { num_directions: 6 sigma: 0.05 } }
rollout { episodes: 2 }
evaluation { every: 3 episodes: 2 fresh_episodes: 1 }
budget { generations: 10 }
)";

class SameBitsTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    experiment_ = Write("bits.textproto", kExperiment);
  }

  // The signature of a run that nobody disturbs, with one worker.
  std::string Undisturbed() {
    const std::string run = Path("undisturbed");
    const ProcessResult result = Train(experiment_, run, {"--workers", "1"});
    EXPECT_EQ(result.status, 0) << result.err;
    return Signature(run);
  }

  std::unique_ptr<Process> StartWorker(const std::string& run) {
    return std::make_unique<Process>(
        std::vector<std::string>{Starling(), "worker", "--endpoint_file",
                                 run + "/endpoint", "--wait", "60"});
  }

  // Progress lines say how far a run has come: "generation 3/10  ..".
  static bool HasReached(const Process& aggregator, int generation) {
    const std::string lines = aggregator.err();
    const std::string key = "\ngeneration ";
    const size_t last = ("\n" + lines).rfind(key);
    return last != std::string::npos &&
           std::atoi(("\n" + lines).c_str() + last + key.size()) >= generation;
  }

  std::string experiment_;
};

TEST_F(SameBitsTest, OneTwoAndFiveWorkersAgree) {
  const std::string one = Undisturbed();

  for (const char* workers : {"2", "5"}) {
    const std::string run = Path(std::string("with") + workers);
    const ProcessResult result =
        Train(experiment_, run, {"--workers", workers});

    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(Signature(run), one) << workers << " workers";
  }
}

TEST_F(SameBitsTest, TheSeedMatters) {
  const std::string run = Path("seed");
  ASSERT_EQ(
      Train(experiment_, run, {"--workers", "2", "--set", "seed=12"}).status,
      0);
  EXPECT_NE(Signature(run), Undisturbed());
}

TEST_F(SameBitsTest, KilledWorkersAndLateOnesChangeNothing) {
  const std::string run = Path("killed_workers");
  Process aggregator({Starling(), "aggregator", experiment_, "--listen",
                      "unix:" + Path("a.sock"), "--run", run});
  std::vector<std::unique_ptr<Process>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(StartWorker(run));

  // All but one are killed, then that one too; others take over.
  ASSERT_TRUE(WaitUntil([&] { return HasReached(aggregator, 1); }))
      << aggregator.err();
  workers[0]->Signal(SIGKILL);
  workers[1]->Signal(SIGKILL);
  workers.push_back(StartWorker(run));
  workers[2]->Signal(SIGKILL);
  workers.push_back(StartWorker(run));
  const ProcessResult result = aggregator.Wait(std::chrono::seconds(300));

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Signature(run), Undisturbed());
  // Those that lived hear that the run is over.
  EXPECT_EQ(workers[4]->Wait().status, 0) << workers[4]->err();
}

TEST_F(SameBitsTest, AKilledAggregatorGoesOnWhereItWas) {
  const std::string run = Path("killed_aggregator");

  const ProcessResult result = RunKilledEverLater(
      TrainCommand(experiment_, run, {"--workers", "2"}),
      std::chrono::milliseconds(400), std::chrono::milliseconds(300));

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Signature(run), Undisturbed());
}

TEST_F(SameBitsTest, AnInterruptedRunSavesAndResumes) {
  const std::string run = Path("interrupted");
  Process first(TrainCommand(experiment_, run, {"--workers", "2"}));
  ASSERT_TRUE(
      WaitUntil([&] { return HasReached(first, 1) || !first.running(); }));
  first.Signal(SIGTERM);
  const ProcessResult stopped = first.Wait();
  EXPECT_EQ(stopped.status, 75) << stopped.err;

  const ProcessResult resumed = Train(experiment_, run, {"--workers", "1"});

  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(Signature(run), Undisturbed());
}

}  // namespace
}  // namespace starling
