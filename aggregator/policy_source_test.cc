#include "aggregator/policy_source.h"

#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/signature.h"
#include "aggregator/storage_test_support.h"
#include "base/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A run whose checkpoints have means {G, -0.5, 0.25}.
std::string MakeRun(const std::vector<uint64_t>& generations, bool has_best) {
  const std::string run = FreshFolder();
  std::filesystem::create_directories(RunPaths(run).checkpoints);
  auto store = CheckpointStore::Open(RunPaths(run).checkpoints,
                                     CheckpointStore::Access::kOwner);
  for (const uint64_t generation : generations) {
    v1::Checkpoint checkpoint = SmallCheckpoint(generation);
    checkpoint.mutable_state()->mutable_distribution()->set_mean(
        0, static_cast<float>(generation));
    if (has_best) {
      checkpoint.mutable_best()->set_generation(2);
      for (const float x : {7.0f, 8.0f, 9.0f}) {
        checkpoint.mutable_best()->add_mean(x);
      }
    }
    EXPECT_TRUE(store->Save(checkpoint).ok());
  }
  return run;
}

absl::StatusOr<PolicySnapshot> Load(const std::string& run,
                                    const std::string& choice) {
  return LoadPolicy(run, *PolicyChoice::Parse(choice));
}

TEST(PolicySourceTest, LoadsTheBestTheLastAndAGeneration) {
  const std::string run = MakeRun({10, 11, 12}, /*has_best=*/true);

  const auto best = Load(run, "best");
  const auto last = Load(run, "last");
  const auto one = Load(run, "11");

  ASSERT_TRUE(best.ok()) << best.status();
  EXPECT_THAT(best->mean, ElementsAre(7, 8, 9));
  EXPECT_EQ(best->generation, 2);
  EXPECT_EQ(best->env_spec.name(), "pendulum");
  EXPECT_TRUE(best->experiment.has_evaluation()) << "not resolved";
  EXPECT_THAT(last->mean, ElementsAre(12, -0.5, 0.25));
  EXPECT_EQ(last->generation, 12);
  EXPECT_THAT(one->mean, ElementsAre(11, -0.5, 0.25));
  EXPECT_THAT(best->note, IsEmpty());
  EXPECT_NE(best->signature, last->signature);
}

TEST(PolicySourceTest, TheGenerationOfTheBestNeedsNoCheckpointOfItsOwn) {
  const auto snapshot = Load(MakeRun({10}, /*has_best=*/true), "2");

  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_THAT(snapshot->mean, ElementsAre(7, 8, 9));
}

TEST(PolicySourceTest, WithoutEvaluationTheBestIsTheLastAndSaysSo) {
  const auto snapshot = Load(MakeRun({3}, /*has_best=*/false), "best");

  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->generation, 3);
  EXPECT_THAT(snapshot->note, HasSubstr("not evaluated"));
}

TEST(PolicySourceTest, PassingOverADamagedCheckpointIsSaid) {
  const std::string run = MakeRun({3, 4}, /*has_best=*/false);
  ASSERT_TRUE(WriteFileAtomically(
                  RunPaths(run).checkpoints + "/ckpt-00000004.strl", "x")
                  .ok());

  const auto snapshot = Load(run, "last");

  EXPECT_EQ(snapshot->generation, 3);
  EXPECT_THAT(snapshot->note, HasSubstr("ckpt-00000004.strl"));
}

TEST(PolicySourceTest, SaysWhatIsMissing) {
  const std::string missing = FreshFolder() + "/missing";
  EXPECT_THAT(Load(missing, "best").status().message(),
              HasSubstr("does not exist"));
  EXPECT_THAT(Load(FreshFolder(), "best").status().message(),
              HasSubstr("no run directory"));
  EXPECT_THAT(Load(MakeRun({}, false), "last").status().message(),
              HasSubstr("first generation"));
  EXPECT_THAT(Load(MakeRun({10, 11}, true), "5").status().message(),
              HasSubstr("10, 11"));
}

TEST(PolicyChoiceTest, RefusesWhatIsNoChoice) {
  for (const char* text : {"", "worst", "-1", "1.5", "Best"}) {
    const absl::Status status = PolicyChoice::Parse(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
  }
}

}  // namespace
}  // namespace starling
