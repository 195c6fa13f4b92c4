#include "aggregator/trainer.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "aggregator/simulated_run.h"
#include "base/moments.h"
#include "base/rng.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

constexpr int kParameters = 12;
// Spread of the simulated episodes' luck.
constexpr double kLuck = 0.3;

std::string Bytes(const Trainer& trainer) {
  return trainer.Save().SerializeAsString();
}

Eigen::VectorXf Mean(const Trainer& trainer) {
  const auto& mean = trainer.state().distribution().mean();
  return Eigen::Map<const Eigen::VectorXf>(mean.data(), mean.size());
}

v1::RolloutResult Failed(const v1::WorkUnit& unit,
                         v1::RolloutResult::Status status) {
  v1::RolloutResult result;
  result.set_generation(unit.generation());
  result.set_index(unit.index());
  result.set_status(status);
  return result;
}

TEST(TrainerTest, StartsAtThePolicysOwnStart) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);

  const auto policy =
      *PolicyRegistry::Make(experiment.policy(), SimulatedSpec(kParameters));
  Eigen::VectorXf start(kParameters);
  policy->InitialParameters(
      Rng(DeriveSeed(experiment.seed(), Stream::kPolicyInit, 0, 0, 0)), start);
  EXPECT_EQ(Mean(*trainer), start);
  EXPECT_EQ(trainer->state().generation(), 0u);
  EXPECT_EQ(trainer->state().moments().count(), 0u);
}

TEST(TrainerTest, ARunWithoutABudgetIsRefused) {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.clear_budget();

  const auto trainer =
      Trainer::Create(experiment, SimulatedSpec(kParameters), 1);

  EXPECT_EQ(trainer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(trainer.status().message().find("budget"), absl::string_view::npos);
}

TEST(TrainerTest, ThreadsChangeNoBit) {
  const v1::Experiment experiment = SimulatedExperiment();
  std::vector<std::string> runs;
  for (const int threads : {1, 2, 5}) {
    const auto trainer = MakeTrainer(experiment, 700, threads);
    RunSimulated(experiment, trainer.get(), Sphere, kLuck);
    runs.push_back(Bytes(*trainer));
  }

  EXPECT_EQ(runs[1], runs[0]);
  EXPECT_EQ(runs[2], runs[0]);
}

TEST(TrainerTest, BothStrategiesSolveSphereAndEllipsoid) {
  for (const bool is_ars : {false, true}) {
    for (const auto objective : {Sphere, Ellipsoid}) {
      v1::Experiment experiment = SimulatedExperiment();
      experiment.mutable_budget()->set_generations(400);
      experiment.mutable_evaluation()->set_every(0);
      if (is_ars) {
        experiment.mutable_strategy()->mutable_ars()->set_num_directions(8);
      } else {
        auto* es = experiment.mutable_strategy()->mutable_openai_es();
        es->set_weight_decay(0);
        es->set_sigma(0.02);
      }
      const auto trainer = MakeTrainer(experiment, kParameters);
      const double start = objective(Mean(*trainer));

      RunSimulated(experiment, trainer.get(), objective);

      EXPECT_GT(objective(Mean(*trainer)), 0.02 * start) << "ars: " << is_ars;
    }
  }
}

TEST(TrainerTest, BudgetOfGenerationsCountsUpdates) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);

  const auto history = RunSimulated(experiment, trainer.get(), Sphere);

  // Six updates, and the evaluation of what the last one made.
  ASSERT_EQ(history.size(), 7u);
  for (int g = 0; g < 6; ++g) {
    EXPECT_EQ(history[g].generation, static_cast<uint64_t>(g));
    EXPECT_EQ(history[g].training.episodes, 8 * 2 * 2);
    EXPECT_GT(history[g].update_norm, 0);
    EXPECT_EQ(history[g].episodes, 32u * (g + 1));
  }
  EXPECT_EQ(history[6].training.episodes, 0);
  EXPECT_EQ(history[6].update_norm, 0);
  EXPECT_EQ(history[6].episodes, 32u * 6);
  EXPECT_TRUE(trainer->units().empty());
}

TEST(TrainerTest, BudgetOfStepsCompletesTheGenerationThatReachesIt) {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.mutable_budget()->clear_generations();
  experiment.mutable_budget()->set_env_steps(200);
  const auto trainer = MakeTrainer(experiment, kParameters);

  const auto history = RunSimulated(experiment, trainer.get(), Sphere);

  const size_t updates = history.size() - 1;
  EXPECT_LT(history[updates - 2].env_steps, 200u);
  EXPECT_GE(history[updates - 1].env_steps, 200u);
  // The last evaluation's steps are not training's.
  EXPECT_EQ(history[updates].env_steps, history[updates - 1].env_steps);
  EXPECT_EQ(history[updates].training.episodes, 0);
}

TEST(TrainerTest, RewardShiftCountsInTrainingOnly) {
  v1::Experiment experiment = SimulatedExperiment();
  const auto plain = MakeTrainer(experiment, kParameters);
  experiment.mutable_rollout()->set_reward_shift(2);
  const auto shifted = MakeTrainer(experiment, kParameters);
  // Small integers: nothing rounds.
  auto results = Simulate(experiment, *plain, [](const Eigen::VectorXf& x) {
    return std::floor(10 * x[0] + 7 * x[1]);
  });
  auto with_bonus = results;
  for (size_t i = 0; i < 16; ++i) {
    for (const int e : {0, 1}) {
      with_bonus[i].set_returns(
          e, results[i].returns(e) + 2.0 * results[i].lengths(e));
    }
  }

  const auto progress = plain->Advance(results);
  const auto shifted_progress = shifted->Advance(with_bonus);

  EXPECT_EQ(Mean(*plain), Mean(*shifted));
  EXPECT_EQ(progress->fixed->mean, shifted_progress->fixed->mean);
  // What people see is the environment's own return.
  EXPECT_GT(shifted_progress->training.mean, progress->training.mean);
}

TEST(TrainerTest, MomentsAreMergedAfterTheGeneration) {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.mutable_normalizer()->set_fraction(0.5);
  const auto trainer = MakeTrainer(experiment, kParameters);
  auto results = Simulate(experiment, *trainer, Sphere);
  // A half whose partner failed counts; the failed one does not.
  results[2] = Failed(trainer->units()[2], v1::RolloutResult::DIVERGED);
  Moments expected(kParameters);
  int kept = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!trainer->units()[i].keep_moments() || i == 2) continue;
    expected.Merge(*Moments::FromProto(results[i].observations(), kParameters));
    ++kept;
  }
  ASSERT_GT(kept, 0);
  ASSERT_LT(kept, 16);

  ASSERT_TRUE(trainer->Advance(results).ok());

  EXPECT_EQ(trainer->state().moments().SerializeAsString(),
            expected.ToProto().SerializeAsString());
}

TEST(TrainerTest, WithoutANormalizerNothingIsKept) {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.mutable_normalizer()->set_enabled(false);
  const auto trainer = MakeTrainer(experiment, kParameters);
  for (const v1::WorkUnit& unit : trainer->units()) {
    EXPECT_FALSE(unit.keep_moments());
  }

  RunSimulated(experiment, trainer.get(), Sphere);

  EXPECT_EQ(trainer->state().moments().count(), 0u);
  EXPECT_EQ(trainer->state().moments().sum_low_size(), 0);
}

TEST(TrainerTest, AFailedHalfDropsItsPairWhateverTheOtherSays) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto first = MakeTrainer(experiment, kParameters);
  const auto second = MakeTrainer(experiment, kParameters);
  auto results = Simulate(experiment, *first, Sphere);
  results[6] = Failed(first->units()[6], v1::RolloutResult::DIVERGED);
  auto others = results;
  others[7].set_returns(0, 1e9);

  const auto progress = first->Advance(results);
  ASSERT_TRUE(second->Advance(others).ok());

  EXPECT_EQ(progress->dropped_pairs, 1);
  EXPECT_EQ(progress->failed_units, 1);
  EXPECT_EQ(progress->training.episodes, 30);
  EXPECT_EQ(Mean(*first), Mean(*second));
}

// Fails the first `count` units in steps of `stride` of a generation of 8 pairs
// and 5 evaluation units.
absl::Status AdvanceWithFailures(int count, int stride,
                                 v1::RolloutResult::Status status) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  auto results = Simulate(experiment, *trainer, Sphere);
  for (int i = 0; i < count; ++i) {
    results[i * stride] = Failed(trainer->units()[i * stride], status);
    results[i * stride].set_detail("why");
  }
  const std::string before = Bytes(*trainer);
  const absl::Status outcome = trainer->Advance(results).status();
  if (!outcome.ok()) {
    EXPECT_EQ(Bytes(*trainer), before);
  }
  return outcome;
}

TEST(TrainerTest, OneCrashIsNoRate) {
  EXPECT_TRUE(AdvanceWithFailures(1, 1, v1::RolloutResult::CRASHED).ok());
}

TEST(TrainerTest, MoreThanFivePercentOfCrashesEndTheRun) {
  for (const auto kind :
       {v1::RolloutResult::CRASHED, v1::RolloutResult::ENV_ERROR}) {
    const absl::Status status = AdvanceWithFailures(2, 1, kind);

    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_NE(status.message().find("2 of 21 units"), absl::string_view::npos)
        << status;
    EXPECT_NE(status.message().find("why"), absl::string_view::npos) << status;
  }
}

TEST(TrainerTest, MoreThanFortyPercentOfPairsMissingEndTheRun) {
  // 3 of 8 pairs are 37.5 %, 4 of 8 are 50 %. Divergence alone is no error.
  EXPECT_TRUE(AdvanceWithFailures(3, 2, v1::RolloutResult::DIVERGED).ok());
  EXPECT_TRUE(AdvanceWithFailures(6, 1, v1::RolloutResult::DIVERGED).ok());

  const absl::Status status =
      AdvanceWithFailures(4, 2, v1::RolloutResult::DIVERGED);

  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_NE(status.message().find("4 of 8"), absl::string_view::npos) << status;
}

TEST(TrainerTest, ParametersThatOverflowLeaveTheRunAsItWas) {
  v1::Experiment experiment = SimulatedExperiment();
  auto* es = experiment.mutable_strategy()->mutable_openai_es();
  es->mutable_optimizer()->mutable_sgd()->set_step_size(1e300);
  const auto trainer = MakeTrainer(experiment, kParameters);
  const std::string before = Bytes(*trainer);

  const auto progress =
      trainer->Advance(Simulate(experiment, *trainer, Sphere));

  EXPECT_EQ(progress.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Bytes(*trainer), before);
}

TEST(TrainerTest, AFlatGenerationIsReported) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  const auto flat = [](const Eigen::VectorXf&) { return 0.7; };

  EXPECT_TRUE(
      RunSimulated(experiment, trainer.get(), flat, 0, 1)[0].flat_fitness);
  EXPECT_FALSE(
      RunSimulated(experiment, trainer.get(), Sphere, 0, 1)[0].flat_fitness);
}

TEST(TrainerDeathTest, ResultsThatTheDoorMustRefuseAreABug) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  auto results = Simulate(experiment, *trainer, Sphere);

  EXPECT_DEATH((void)trainer->Advance({results.data(), 3}), "size");
  results[0].set_returns(0, NAN);
  EXPECT_DEATH((void)trainer->Advance(results), "returns");
}

}  // namespace
}  // namespace starling
