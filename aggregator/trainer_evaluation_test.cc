// When a run evaluates its policy, and which one it takes for the best.
#include <cmath>
#include <memory>
#include <vector>

#include "aggregator/simulated_run.h"
#include "aggregator/trainer.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kParameters = 12;

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

TEST(TrainerTest, EvaluatesWhenDueAndAlwaysAtTheEnd) {
  for (const uint32_t every : {0, 1, 2, 3, 7}) {
    v1::Experiment experiment = SimulatedExperiment();
    experiment.mutable_evaluation()->set_every(every);
    const auto trainer = MakeTrainer(experiment, kParameters);

    const auto history = RunSimulated(experiment, trainer.get(), Sphere);

    for (uint32_t g = 0; g <= 6; ++g) {
      const bool is_due = g == 6 || (every > 0 && g % every == 0);
      EXPECT_EQ(history[g].fixed.has_value(), is_due) << every << " " << g;
      EXPECT_EQ(history[g].fresh.has_value(), is_due) << every << " " << g;
      if (!is_due) continue;
      EXPECT_EQ(history[g].fixed->episodes, 3);
      EXPECT_EQ(history[g].fresh->episodes, 2);
    }
  }
}

TEST(TrainerTest, EvaluationIsOfTheCentreBeforeTheUpdate) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  const double at_start = Sphere(Mean(*trainer));

  const auto history = RunSimulated(experiment, trainer.get(), Sphere);

  EXPECT_DOUBLE_EQ(history[0].fixed->mean, at_start);
  EXPECT_DOUBLE_EQ(history[6].fixed->mean, Sphere(Mean(*trainer)));
}

// Runs a whole experiment that evaluates in every generation; `returns` are of
// the fixed evaluation, by generation; fresh ones are 100 lower. NaN: failed.
v1::BestPolicy BestOf(const std::vector<double>& returns,
                      std::vector<Progress>* history,
                      std::vector<Eigen::VectorXf>* means) {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.mutable_evaluation()->set_every(1);
  experiment.mutable_budget()->set_generations(returns.size() - 1);
  const auto trainer = MakeTrainer(experiment, kParameters);
  for (const double value : returns) {
    means->push_back(Mean(*trainer));
    auto results = Simulate(experiment, *trainer, Sphere);
    for (size_t i = 0; i < results.size(); ++i) {
      const v1::WorkUnit& unit = trainer->units()[i];
      if (unit.kind() == v1::WorkUnit::TRAIN) continue;
      if (value != value) {
        results[i] = Failed(unit, v1::RolloutResult::DIVERGED);
      } else {
        const bool is_fresh = unit.kind() == v1::WorkUnit::EVAL_FRESH;
        results[i].set_returns(0, value - (is_fresh ? 100 : 0));
      }
    }
    history->push_back(*trainer->Advance(results));
  }
  EXPECT_TRUE(trainer->finished());
  return trainer->Save().best();
}

TEST(TrainerTest, TheBestIsTheFirstOfTheHighestOnTheFixedSeeds) {
  std::vector<Progress> history;
  std::vector<Eigen::VectorXf> means;
  const v1::BestPolicy best = BestOf({1, 5, 4, 5, 2}, &history, &means);

  EXPECT_EQ(best.generation(), 1u);
  EXPECT_EQ(best.fixed_return(), 5);
  EXPECT_EQ(best.fresh_return(), -95);
  const Eigen::VectorXf best_mean =
      Eigen::Map<const Eigen::VectorXf>(best.mean().data(), kParameters);
  EXPECT_EQ(best_mean, means[1]);
  std::vector<bool> new_best;
  for (const Progress& progress : history) {
    new_best.push_back(progress.new_best);
  }
  EXPECT_EQ(new_best, (std::vector<bool>{true, true, false, false, false}));
}

TEST(TrainerTest, TheLastEvaluationCanFindTheBest) {
  std::vector<Progress> history;
  std::vector<Eigen::VectorXf> means;

  EXPECT_EQ(BestOf({1, 2, 3}, &history, &means).generation(), 2u);
}

TEST(TrainerTest, AnEvaluationThatFailedWhollyIsNoBest) {
  std::vector<Progress> history;
  std::vector<Eigen::VectorXf> means;
  const v1::BestPolicy best = BestOf({NAN, -7, NAN}, &history, &means);

  EXPECT_EQ(best.generation(), 1u);
  EXPECT_FALSE(history[0].new_best);
  EXPECT_EQ(history[0].fixed->episodes, 0);
  EXPECT_EQ(history[0].fixed->failed_units, 3);
  EXPECT_EQ(history[0].failed_units, 5);
}

TEST(TrainerTest, AFailedEvaluationEpisodeIsLeftOutOfTheMean) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  auto results = Simulate(experiment, *trainer, Sphere);
  // Units 16, 17, 18 are the fixed episodes, 19 and 20 the fresh ones.
  results[16].set_returns(0, 10);
  results[17] = Failed(trainer->units()[17], v1::RolloutResult::ENV_ERROR);
  results[18].set_returns(0, 20);
  results[19] = Failed(trainer->units()[19], v1::RolloutResult::DIVERGED);
  results[20] = Failed(trainer->units()[20], v1::RolloutResult::DIVERGED);

  const auto progress = trainer->Advance(results);

  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->fixed->mean, 15);
  EXPECT_EQ(progress->fixed->failed_units, 1);
  EXPECT_EQ(progress->fresh->episodes, 0);
  // No number is made up for what was not measured.
  EXPECT_FALSE(trainer->Save().best().has_fresh_return());
}

TEST(TrainerTest, WithoutFreshEpisodesThereIsNoFreshReturn) {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.mutable_evaluation()->set_fresh_episodes(0);
  const auto trainer = MakeTrainer(experiment, kParameters);

  const auto history = RunSimulated(experiment, trainer.get(), Sphere);

  EXPECT_TRUE(history[0].fixed.has_value());
  EXPECT_FALSE(history[0].fresh.has_value());
  EXPECT_TRUE(trainer->Save().has_best());
  EXPECT_FALSE(trainer->Save().best().has_fresh_return());
}

}  // namespace
}  // namespace starling
