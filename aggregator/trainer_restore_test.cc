// A run that is interrupted and goes on is the run that was not interrupted.
#include <cmath>
#include <memory>
#include <string>

#include "aggregator/simulated_run.h"
#include "aggregator/trainer.h"
#include "gtest/gtest.h"

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

TEST(TrainerTest, ARunResumedAtAnyGenerationEndsInTheSameBytes) {
  for (const bool is_ars : {false, true}) {
    v1::Experiment experiment = SimulatedExperiment();
    if (is_ars) experiment.mutable_strategy()->mutable_ars();
    experiment.mutable_normalizer()->set_fraction(0.5);
    const auto whole = MakeTrainer(experiment, kParameters);
    RunSimulated(experiment, whole.get(), Sphere, kLuck);

    const auto first = MakeTrainer(experiment, kParameters);
    while (!first->finished()) {
      const auto second = MakeTrainer(experiment, kParameters);
      ASSERT_TRUE(second->Restore(first->Save()).ok());
      ASSERT_EQ(Bytes(*second), Bytes(*first));
      RunSimulated(experiment, second.get(), Sphere, kLuck);
      EXPECT_EQ(Bytes(*second), Bytes(*whole));
      RunSimulated(experiment, first.get(), Sphere, kLuck, 1);
    }
  }
}

TEST(TrainerTest, TwentyGenerationsAreTenAndTenMore) {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.mutable_budget()->set_generations(20);
  const auto whole = MakeTrainer(experiment, kParameters);
  RunSimulated(experiment, whole.get(), Ellipsoid, kLuck);

  const auto first = MakeTrainer(experiment, kParameters);
  RunSimulated(experiment, first.get(), Ellipsoid, kLuck, 10);
  // As through a file.
  v1::Checkpoint checkpoint;
  ASSERT_TRUE(checkpoint.ParseFromString(Bytes(*first)));
  const auto second = MakeTrainer(experiment, kParameters, 2);
  ASSERT_TRUE(second->Restore(checkpoint).ok());
  RunSimulated(experiment, second.get(), Ellipsoid, kLuck);

  EXPECT_EQ(Bytes(*second), Bytes(*whole));
}

TEST(TrainerTest, AFinishedRunRestoresAsFinished) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  RunSimulated(experiment, trainer.get(), Sphere);

  const auto again = MakeTrainer(experiment, kParameters);
  ASSERT_TRUE(again->Restore(trainer->Save()).ok());

  EXPECT_TRUE(again->finished());
  EXPECT_TRUE(again->units().empty());
}

TEST(TrainerTest, AGrownBudgetGoesOnFromTheEnd) {
  v1::Experiment experiment = SimulatedExperiment();
  const auto shorter = MakeTrainer(experiment, kParameters);
  RunSimulated(experiment, shorter.get(), Sphere, kLuck);
  experiment.mutable_budget()->set_generations(9);
  const auto whole = MakeTrainer(experiment, kParameters);
  RunSimulated(experiment, whole.get(), Sphere, kLuck);

  v1::Checkpoint checkpoint = shorter->Save();
  *checkpoint.mutable_experiment() = experiment;
  const auto longer = MakeTrainer(experiment, kParameters);
  ASSERT_TRUE(longer->Restore(checkpoint).ok());
  EXPECT_FALSE(longer->finished());
  RunSimulated(experiment, longer.get(), Sphere, kLuck);

  EXPECT_EQ(Mean(*longer), Mean(*whole));
  EXPECT_EQ(longer->state().generation(), 9u);
}

TEST(TrainerTest, CheckpointsThatDoNotFitAreRefusedAndChangeNothing) {
  const v1::Experiment experiment = SimulatedExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  RunSimulated(experiment, trainer.get(), Sphere, kLuck, 3);
  const v1::Checkpoint good = trainer->Save();
  const auto refused = [&](auto damage) {
    v1::Checkpoint checkpoint = good;
    damage(&checkpoint);
    const absl::Status status = trainer->Restore(checkpoint);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_EQ(Bytes(*trainer), good.SerializeAsString());
    return std::string(status.message());
  };
  using C = v1::Checkpoint;

  EXPECT_NE(refused([](C* c) { c->set_format_version(2); }).find("version 2"),
            std::string::npos);
  EXPECT_NE(refused([](C* c) {
              c->mutable_experiment()->mutable_evaluation()->set_every(5);
            }).find("evaluation.every"),
            std::string::npos);
  EXPECT_NE(refused([](C* c) {
              c->mutable_env_spec()->set_max_steps(6);
            }).find("max_steps"),
            std::string::npos);
  refused([](C* c) { c->clear_experiment(); });
  refused([](C* c) { c->clear_strategy(); });
  refused([](C* c) { c->mutable_strategy()->resize(20); });
  refused(
      [](C* c) { c->mutable_state()->mutable_distribution()->set_mean(0, 9); });
  refused([](C* c) {
    c->mutable_state()->mutable_distribution()->mutable_mean()->RemoveLast();
  });
  refused([](C* c) { c->mutable_state()->mutable_moments()->add_sum_low(1); });
  refused([](C* c) { c->mutable_state()->set_generation(1ull << 40); });
  refused([](C* c) { c->mutable_best()->add_mean(1); });
  refused([](C* c) { c->mutable_best()->set_mean(3, NAN); });
  refused([](C* c) { c->mutable_best()->set_fixed_return(NAN); });
  EXPECT_TRUE(trainer->Restore(good).ok());
}

}  // namespace
}  // namespace starling
