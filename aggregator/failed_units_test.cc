#include "aggregator/failed_units.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/simulated_run.h"
#include "aggregator/storage_test_support.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using std::chrono::seconds;

constexpr FailedUnits::Time kStart{};

class FailedUnitsTest : public ::testing::Test {
 protected:
  FailedUnitsTest() : failed_(experiment_, run_) {
    state_.mutable_distribution()->add_mean(0.5);
  }
  void Begin(uint64_t generation, int num_units) {
    state_.set_generation(generation);
    units_.assign(num_units, v1::WorkUnit());
    results_.assign(num_units, v1::RolloutResult());
    for (int i = 0; i < num_units; ++i) {
      units_[i].set_generation(generation);
      units_[i].set_index(i);
      results_[i].set_generation(generation);
      results_[i].set_index(i);
    }
  }
  void Fail(int index, v1::RolloutResult::Status status) {
    results_[index].set_status(status);
  }
  void Note(FailedUnits::Time now = kStart) {
    failed_.Note(state_, units_, results_, now);
  }
  bool IsKept(uint64_t generation, int index) const {
    return LoadUnit(run_, generation, index).ok();
  }
  size_t NumKept() const {
    return std::distance(
        std::filesystem::directory_iterator(RunPaths(run_).failed),
        std::filesystem::directory_iterator());
  }

  const v1::Experiment experiment_ = SimulatedExperiment();
  const std::string run_ = FreshFolder();
  FailedUnits failed_;
  v1::PolicyState state_;
  std::vector<v1::WorkUnit> units_;
  std::vector<v1::RolloutResult> results_;
};

TEST_F(FailedUnitsTest, KeepsAllThatItTakesToEvaluateAUnitAgain) {
  Begin(4, 8);
  Fail(5, v1::RolloutResult::CRASHED);
  results_[5].set_detail("died");
  units_[5].set_episode_seed(77);
  Note();

  const auto unit = LoadUnit(run_, 4, 5);

  ASSERT_TRUE(unit.ok()) << unit.status();
  EXPECT_EQ(unit->experiment().SerializeAsString(),
            experiment_.SerializeAsString());
  EXPECT_EQ(unit->state().SerializeAsString(), state_.SerializeAsString());
  EXPECT_EQ(unit->unit().episode_seed(), 77u);
  EXPECT_EQ(unit->result().detail(), "died");
  EXPECT_FALSE(IsKept(4, 6));
}

TEST_F(FailedUnitsTest, OfOneGenerationThreeBrokenUnitsAreEnough) {
  Begin(1, 8);
  for (int i = 2; i < 7; ++i) Fail(i, v1::RolloutResult::ENV_ERROR);
  Note();

  EXPECT_TRUE(IsKept(1, 2));
  EXPECT_TRUE(IsKept(1, 4));
  EXPECT_FALSE(IsKept(1, 5));
}

TEST_F(FailedUnitsTest, DivergedUnitsAreKeptNowAndThen) {
  Begin(1, 8);
  Fail(2, v1::RolloutResult::DIVERGED);
  Fail(3, v1::RolloutResult::DIVERGED);
  Note(kStart);
  Begin(2, 8);
  Fail(2, v1::RolloutResult::DIVERGED);
  Note(kStart + seconds(9));
  Begin(3, 8);
  Fail(2, v1::RolloutResult::DIVERGED);
  Note(kStart + seconds(10));

  EXPECT_TRUE(IsKept(1, 2));
  EXPECT_FALSE(IsKept(1, 3));
  EXPECT_FALSE(IsKept(2, 2));
  EXPECT_TRUE(IsKept(3, 2));
}

TEST_F(FailedUnitsTest, TheNewestTwentyAreKept) {
  for (int generation = 0; generation < 25; ++generation) {
    Begin(generation, 2);
    Fail(1, v1::RolloutResult::CRASHED);
    Note();
  }

  EXPECT_EQ(NumKept(), FailedUnits::kNumKept);
  EXPECT_TRUE(IsKept(24, 1));
  EXPECT_FALSE(IsKept(0, 1));
}

TEST_F(FailedUnitsTest, NamesTheFirstBrokenUnitAndElseTheFirstDivergedOne) {
  Begin(6, 8);
  EXPECT_THAT(failed_.Reproduction(state_, units_, results_), IsEmpty());
  Fail(1, v1::RolloutResult::DIVERGED);
  EXPECT_THAT(failed_.Reproduction(state_, units_, results_),
              EndsWith("--generation 6 --unit 1"));
  Fail(3, v1::RolloutResult::CRASHED);
  EXPECT_THAT(failed_.Reproduction(state_, units_, results_),
              EndsWith("starling replay " + run_ +
                       " --generation 6 --unit 3"));
  EXPECT_TRUE(IsKept(6, 3));
}

TEST_F(FailedUnitsTest, CommandsQuoteOddPathsAndThereIsNoneForWhatIsNotKept) {
  Begin(0, 1);
  Fail(0, v1::RolloutResult::STUCK);
  std::filesystem::create_directory(run_ + "/it's here");
  FailedUnits odd(experiment_, run_ + "/it's here");
  FailedUnits impossible(experiment_, run_ + "/not/there");
  FailedUnits nowhere(experiment_, "");

  EXPECT_THAT(odd.Reproduction(state_, units_[0], results_[0]),
              HasSubstr("replay '" + run_ + "/it'\\''s here' --gen"));
  EXPECT_EQ(impossible.Reproduction(state_, units_[0], results_[0]), "");
  EXPECT_EQ(nowhere.Reproduction(state_, units_[0], results_[0]), "");
}

TEST_F(FailedUnitsTest, UnitsOfAGenerationWithACheckpointNeedNoFile) {
  const auto trainer = MakeTrainer(experiment_, 3);
  std::filesystem::create_directories(RunPaths(run_).checkpoints);
  auto store = CheckpointStore::Open(RunPaths(run_).checkpoints,
                                     CheckpointStore::Access::kOwner);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE(store->Save(trainer->Save()).ok());

  const auto unit = LoadUnit(run_, 0, 2);
  const auto beyond = LoadUnit(run_, 0, 999);
  const auto other = LoadUnit(run_, 7, 0);
  const auto no_run = LoadUnit(run_ + "/no", 0, 0);

  ASSERT_TRUE(unit.ok()) << unit.status();
  EXPECT_EQ(unit->unit().SerializeAsString(),
            trainer->units()[2].SerializeAsString());
  EXPECT_EQ(unit->state().SerializeAsString(),
            trainer->state().SerializeAsString());
  EXPECT_FALSE(unit->has_result());
  EXPECT_THAT(std::string(beyond.status().message()),
              HasSubstr("there is no unit 999"));
  EXPECT_TRUE(absl::IsNotFound(other.status())) << other.status();
  EXPECT_THAT(std::string(other.status().message()),
              HasSubstr("there are those of 0"));
  EXPECT_TRUE(absl::IsNotFound(no_run.status())) << no_run.status();
}

TEST_F(FailedUnitsTest, ADamagedFileIsNoUnit) {
  Begin(4, 1);
  Fail(0, v1::RolloutResult::CRASHED);
  Note();
  std::fstream file(RunPaths(run_).failed + "/unit-4-0.strl",
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(10);
  file.put('\x55');
  file.close();

  EXPECT_TRUE(absl::IsDataLoss(LoadUnit(run_, 4, 0).status()));
}

}  // namespace
}  // namespace starling
