#include "deploy/inspect/describe.h"

#include <filesystem>

#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/storage_test_support.h"
#include "base/file.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A run that has saved generation 5 and is in the middle of generation 7.
std::string MakeRun() {
  const std::string path = FreshFolder() + "/run";
  v1::Experiment experiment = SmallCheckpoint(0).experiment();
  experiment.mutable_budget()->set_generations(20);
  EXPECT_TRUE(
      RunDirectory::Open(path, experiment, RunDirectory::Options()).ok());
  v1::Checkpoint checkpoint = SmallCheckpoint(5);
  checkpoint.mutable_best()->set_generation(4);
  checkpoint.mutable_best()->set_fixed_return(-150.5);
  checkpoint.mutable_best()->set_fresh_return(-160.25);
  *checkpoint.mutable_best()->mutable_mean() =
      checkpoint.state().distribution().mean();
  auto checkpoints = CheckpointStore::Open(RunPaths(path).checkpoints,
                                           CheckpointStore::Access::kOwner);
  EXPECT_TRUE(checkpoints->Save(checkpoint).ok());
  auto store = RunStore::Open(RunPaths(path).database);
  Progress progress;
  progress.generation = 6;
  progress.training = {64, -300, 20, -350, -250, 200};
  progress.env_steps = 1'234'567;
  EXPECT_TRUE((*store)->AddProgress(progress, 3723).ok());
  EXPECT_EQ(*(*store)->NextIncarnation(), 1);
  EXPECT_TRUE((*store)
                  ->RecordWorker({"s1", "host1", 4, 2, absl::UnixEpoch(),
                                  absl::UnixEpoch()})
                  .ok());
  return path;
}

TEST(DescribeTest, TellsPeopleWhatARunIs) {
  const auto run = DescribeRun(MakeRun());

  ASSERT_TRUE(run.ok()) << run.status();
  const std::string text = ToText(*run);
  for (const char* part :
       {"small, seed 1", "pendulum: observes 2 numbers", "linear, 3 parameters",
        "generation 7 of 20, 1,234,567 environment steps", "-300 in training",
        "generation 4: -150.5 on the fixed seeds", "-160.25 on fresh seeds",
        "1:02:03", "1 sessions seen, with 2 slots",
        "not finished, and nobody computes it"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(run->warnings, IsEmpty());
}

TEST(DescribeTest, TellsScriptsTheSameInOneJsonObject) {
  const auto run = DescribeRun(MakeRun());

  google::protobuf::Struct json;
  const std::string text = ToJson(*run).text();
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(text, &json).ok())
      << text;
  const auto& fields = json.fields();
  EXPECT_EQ(fields.at("env").string_value(), "pendulum");
  EXPECT_EQ(fields.at("parameters").number_value(), 3);
  EXPECT_EQ(fields.at("generation").number_value(), 7);
  EXPECT_EQ(fields.at("best")
                .struct_value()
                .fields()
                .at("fixed_return")
                .number_value(),
            -150.5);
  EXPECT_EQ(fields.at("workers").list_value().values_size(), 1);
  EXPECT_EQ(fields.at("checkpoints").list_value().values(0).number_value(), 5);
  EXPECT_EQ(fields.at("signature").string_value().size(), 64);
}

TEST(DescribeTest, ARunThatHasJustBegunIsDescribedToo) {
  const std::string path = FreshFolder() + "/run";
  auto directory = RunDirectory::Open(path, SmallCheckpoint(0).experiment(),
                                      RunDirectory::Options());
  ASSERT_TRUE(directory.ok());

  const auto run = DescribeRun(path);

  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(ToText(*run), HasSubstr("live"));
  EXPECT_THAT(ToText(*run), HasSubstr("no policy has been evaluated yet"));
  EXPECT_THAT(ToJson(*run).text(), Not(HasSubstr("\"best\"")));
}

TEST(DescribeTest, DamageIsAWarning) {
  const std::string path = MakeRun();
  ASSERT_TRUE(WriteFileAtomically(
                  RunPaths(path).checkpoints + "/ckpt-00000009.strl", "x")
                  .ok());
  ASSERT_TRUE(
      WriteFileAtomically(RunPaths(path).database, std::string(4096, 'x'))
          .ok());
  for (const char* suffix : {"-wal", "-shm"}) {
    std::filesystem::remove(RunPaths(path).database + suffix);
  }

  const auto run = DescribeRun(path);

  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->state->generation, 5);
  const std::string text = ToText(*run);
  EXPECT_THAT(text, HasSubstr("ckpt-00000009.strl"));
  EXPECT_THAT(text, HasSubstr("run.db is damaged"));
}

TEST(DescribeTest, FailedEvaluationsOfAllGenerationsAreAWarning) {
  const std::string path = MakeRun();
  {
    auto store = RunStore::Open(RunPaths(path).database);
    Progress progress;
    for (progress.generation = 7; progress.generation < 9;
         ++progress.generation) {
      progress.failed_units = 3;
      progress.dropped_pairs = 2;
      ASSERT_TRUE((*store)->AddProgress(progress, 3724).ok());
    }
  }

  const auto run = DescribeRun(path);

  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(ToText(*run),
              HasSubstr("6 evaluations failed and 4 pairs were left out"));
}

TEST(DescribeTest, AFolderThatIsNoRunIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(DescribeRun(FreshFolder()).status()));
}

}  // namespace
}  // namespace starling
