// Runs whose disk fails them: damaged files and no space. The run says so and
// ends with the bits of an undisturbed one.
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aggregator/checkpoint.h"
#include "gmock/gmock.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using testing::Process;
using testing::ProcessResult;
using testing::WaitUntil;

constexpr int kRefused = 4;
constexpr int kDataError = 5;

constexpr char kExperiment[] = R"(
name: "damaged" seed: 3
env { pendulum {} max_steps: 30 }
policy { mlp { hidden: HIDDEN } }
strategy { openai_es { num_directions: 4 } }
evaluation { every: 2 episodes: 2 fresh_episodes: 1 }
budget { generations: 3 }
)";

class DamagedRunTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    UsePolicy("8");
  }
  void UsePolicy(const std::string& hidden) {
    std::string text = kExperiment;
    experiment_ = Write("experiment.textproto",
                        text.replace(text.find("HIDDEN"), 6, hidden));
  }

  // A finished run; checkpoints of generations 0 and 3.
  std::string Finished(const std::string& name) {
    const ProcessResult result =
        Train(experiment_, Path(name), {"--workers", "1"});
    EXPECT_EQ(result.status, 0) << result.err;
    return Path(name);
  }
  static std::string Checkpoint(const std::string& run, int generation) {
    return run + "/checkpoints/ckpt-0000000" + std::to_string(generation) +
           ".strl";
  }
  // The same command once more.
  ProcessResult Resume(const std::string& run) {
    return Train(experiment_, run, {"--workers", "1"});
  }

  std::string experiment_;
};

TEST_F(DamagedRunTest, ADamagedCheckpointIsKeptAsideAndTheOneBeforeIsUsed) {
  const std::string run = Finished("run");
  const std::string signature = Signature(run);
  const std::string newest = Checkpoint(run, 3);
  const std::vector<std::function<void()>> damages = {
      [&] { fs::resize_file(newest, fs::file_size(newest) / 2); },
      [&] { std::fstream(newest).seekp(40).put('\x5a'); },
      [&] { fs::resize_file(newest, 0); }};

  for (size_t i = 0; i < damages.size(); ++i) {
    damages[i]();
    const ProcessResult result = Resume(run);

    EXPECT_EQ(result.status, 0) << result.err;
    const std::string kept =
        newest + ".corrupt" + (i == 0 ? "" : "." + std::to_string(i));
    EXPECT_TRUE(fs::exists(kept)) << kept;
    EXPECT_THAT(result.err, HasSubstr("damaged checkpoint: " + newest));
    EXPECT_THAT(result.err, HasSubstr("kept as " + kept));
    EXPECT_EQ(Signature(run), signature);
  }
}

TEST_F(DamagedRunTest, WithoutAnyIntactCheckpointNothingIsBegunAnew) {
  const std::string run = Finished("run");
  for (const auto& file : fs::directory_iterator(run + "/checkpoints")) {
    fs::resize_file(file.path(), 50);
  }

  // The second time, too, when the damaged files bear other names.
  for (int i = 0; i < 2; ++i) {
    const ProcessResult result = Resume(run);
    EXPECT_EQ(result.status, kDataError) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("no checkpoint in " + run));
    EXPECT_THAT(result.err, HasSubstr("Restore one from a backup"));
    EXPECT_TRUE(fs::exists(Checkpoint(run, 3) + ".corrupt"));
  }
}

TEST_F(DamagedRunTest, ADamagedDatabaseCostsTimeOnly) {
  const std::string run = Finished("run");
  const std::string signature = Signature(run);
  fs::remove(Checkpoint(run, 3));
  std::ofstream(run + "/run.db") << std::string(4096, 'x');

  const ProcessResult result = Resume(run);

  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("kept as " + run + "/run.db.corrupt"));
  EXPECT_TRUE(fs::exists(run + "/run.db.corrupt"));
  EXPECT_EQ(Signature(run), signature);
}

TEST_F(DamagedRunTest, ARunOfAnotherMuJoCoIsNotContinued) {
  const std::string run = Finished("run");
  {
    auto store = CheckpointStore::Open(run + "/checkpoints",
                                       CheckpointStore::Access::kOwner);
    ASSERT_TRUE(store.ok()) << store.status();
    auto checkpoint = store->LoadNewest(nullptr);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    checkpoint->mutable_fingerprint()->set_mujoco_version("2.1.0");
    ASSERT_TRUE(store->Save(*checkpoint).ok());
  }

  const ProcessResult result = Resume(run);

  EXPECT_EQ(result.status, kRefused) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the MuJoCo version differs"));
  EXPECT_THAT(result.err, HasSubstr("this program has \"3."));
  EXPECT_THAT(result.err, HasSubstr("checkpoint has \"2.1.0\""));
}

// An aggregator whose files stop growing, as on a disk that is full.
class FullDiskTest : public DamagedRunTest {
 protected:
  // Started, its first checkpoint written, no worker yet.
  void StartAggregator() {
    aggregator_ = std::make_unique<Process>(std::vector<std::string>{
        Starling(), "aggregator", experiment_, "--listen",
        "unix:" + Path("a.sock"), "--run", run()});
    ASSERT_TRUE(WaitUntil([&] {
      return fs::exists(run() + "/endpoint") &&
             fs::exists(Checkpoint(run(), 0));
    })) << aggregator_->err();
  }
  void StartWorker() {
    worker_ = std::make_unique<Process>(std::vector<std::string>{
        Starling(), "worker", "--endpoint_file", run() + "/endpoint"});
  }
  // No file of the aggregator may be larger.
  void LimitFiles(rlim_t bytes) {
    rlimit limit;
    ASSERT_EQ(prlimit(aggregator_->pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
    limit.rlim_cur = std::min(bytes, limit.rlim_max);
    ASSERT_EQ(prlimit(aggregator_->pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  }
  bool AwaitMessage(const std::string& text) {
    return WaitUntil([&] {
      return aggregator_->err().find(text) != std::string::npos ||
             !aggregator_->running();
    });
  }
  // Space is back: all ends as if nothing had been.
  void ExpectRecovery() {
    ASSERT_TRUE(aggregator_->running()) << aggregator_->err();
    LimitFiles(RLIM_INFINITY);

    EXPECT_EQ(aggregator_->Wait().status, 0) << aggregator_->err();
    EXPECT_EQ(worker_->Wait().status, 0) << worker_->err();
    EXPECT_EQ(Signature(run()), Signature(Finished("undisturbed")));
  }
  std::string run() const { return Path("run"); }

  std::unique_ptr<Process> aggregator_, worker_;
};

TEST_F(FullDiskTest, AnswersThatCanNotBeStoredWaitForSpace) {
  StartAggregator();
  // Less than any transaction takes.
  LimitFiles(4096);
  StartWorker();

  ASSERT_TRUE(AwaitMessage("run.db can't be written"));
  EXPECT_THAT(aggregator_->err(), HasSubstr("File too large"));
  EXPECT_THAT(aggregator_->err(), HasSubstr("goes on by itself"));
  ExpectRecovery();
}

TEST_F(FullDiskTest, TrainingGoesOnWhereACheckpointDoesNotFit) {
  // A checkpoint of more than 2 MB beside a small database.
  UsePolicy("[512, 256]");
  StartAggregator();
  LimitFiles(1 << 20);
  StartWorker();

  ASSERT_TRUE(AwaitMessage("the checkpoint of generation 3 can't be written"));
  EXPECT_THAT(aggregator_->err(), HasSubstr("the one before is intact"));
  EXPECT_TRUE(fs::exists(Checkpoint(run(), 0)));
  ExpectRecovery();
}

}  // namespace
}  // namespace starling
