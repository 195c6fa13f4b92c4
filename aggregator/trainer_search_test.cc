// Runs with a controller, through the trainer.
#include <algorithm>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "aggregator/simulated_run.h"
#include "aggregator/trainer.h"
#include "base/search_space.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

constexpr int kParameters = 24;
constexpr int kKept = 6;

// Coordinates 0, 4, 8, .. want to be at 2; the others change nothing.
double Target(const Eigen::VectorXf& x) {
  double sum = 0;
  for (int i = 0; i < x.size(); i += 4) sum -= (x[i] - 2.0) * (x[i] - 2.0);
  return sum;
}

v1::Experiment SearchExperiment() {
  v1::Experiment experiment = SimulatedExperiment();
  experiment.mutable_policy()
      ->mutable_edge_pruned()
      ->mutable_global()
      ->set_edges(kKept);
  experiment.mutable_controller()->mutable_policy_gradient();
  auto* es = experiment.mutable_strategy()->mutable_openai_es();
  es->set_num_directions(16);
  es->set_weight_decay(0);
  experiment.mutable_normalizer()->set_enabled(false);
  experiment.mutable_search()->set_candidates(3);
  experiment.mutable_search()->set_candidate_episodes(4);
  experiment.mutable_search()->set_sampled_episodes(5);
  experiment.mutable_search()->set_fine_tune_generations(4);
  return experiment;
}

std::vector<int32_t> Edges(const v1::Architecture& architecture) {
  const auto policy = *PolicyRegistry::Make(SearchExperiment().policy(),
                                            SimulatedSpec(kParameters));
  const auto choices = policy->search_space().Decode(architecture);
  EXPECT_TRUE(choices.ok()) << choices.status();
  return choices.ok() ? (*choices)[0] : std::vector<int32_t>();
}

int CountOf(const Trainer& trainer, v1::WorkUnit::Kind kind) {
  return static_cast<int>(
      std::count_if(trainer.units().begin(), trainer.units().end(),
                    [kind](const auto& unit) { return unit.kind() == kind; }));
}

TEST(TrainerSearchTest, EachPairHasAProposalOfItsOwnAndSharesIt) {
  const auto trainer = MakeTrainer(SearchExperiment(), kParameters);
  std::set<std::string> distinct;
  for (int i = 0; i < 16; ++i) {
    const v1::WorkUnit& plus = trainer->units()[2 * i];
    const v1::WorkUnit& minus = trainer->units()[2 * i + 1];
    EXPECT_EQ(plus.architecture().encoding(), minus.architecture().encoding());
    EXPECT_EQ(plus.episode_seed(), minus.episode_seed());
    EXPECT_EQ(Edges(plus.architecture()).size(), size_t{kKept});
    distinct.insert(plus.architecture().encoding());
  }
  EXPECT_GT(distinct.size(), 14u);
  EXPECT_EQ(CountOf(*trainer, v1::WorkUnit::EVAL_SAMPLED), 5);
  // What is evaluated is the controller's choice.
  const v1::WorkUnit& fixed = trainer->units()[32];
  EXPECT_EQ(fixed.kind(), v1::WorkUnit::EVAL_FIXED);
  EXPECT_EQ(fixed.architecture().encoding(),
            trainer->state().choice().encoding());
}

TEST(TrainerSearchTest, AMaskedGradientMovesOnlyWhatProposalsUse) {
  for (const bool masked : {false, true}) {
    v1::Experiment experiment = SearchExperiment();
    experiment.mutable_search()->set_mask_gradient(masked);
    experiment.mutable_strategy()->mutable_openai_es()->set_num_directions(2);
    experiment.mutable_search()->set_sampled_episodes(0);
    const auto trainer = MakeTrainer(experiment, kParameters);
    std::set<int> used;
    for (const v1::WorkUnit& unit : trainer->units()) {
      if (unit.kind() != v1::WorkUnit::TRAIN) continue;
      for (const int32_t edge : Edges(unit.architecture())) used.insert(edge);
    }
    ASSERT_LT(used.size(), size_t{kParameters});
    const auto before = trainer->state().distribution().mean();
    ASSERT_TRUE(trainer->Advance(Simulate(experiment, *trainer, Target)).ok());
    const auto& after = trainer->state().distribution().mean();
    int moved_unused = 0;
    for (int i = 0; i < kParameters; ++i) {
      moved_unused += !used.contains(i) && after[i] != before[i];
    }
    EXPECT_EQ(moved_unused > 0, !masked);
  }
}

TEST(TrainerSearchTest, FindsTheParametersThatMatterAndFineTunesThem) {
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_budget()->set_generations(150);
  experiment.mutable_search()->set_fine_tune_generations(30);
  const auto trainer = MakeTrainer(experiment, kParameters);

  const auto history = RunSimulated(experiment, trainer.get(), Target, 0.1);

  EXPECT_EQ(Edges(trainer->state().choice()),
            (std::vector<int32_t>{0, 4, 8, 12, 16, 20}));
  const v1::Checkpoint last = trainer->Save();
  EXPECT_EQ(last.best().architecture().encoding(),
            trainer->state().choice().encoding());
  EXPECT_GT(last.best().fixed_return(), -0.5);
  ASSERT_TRUE(history.back().search.has_value());
  EXPECT_EQ(history.back().search->weights, kKept);
}

TEST(TrainerSearchTest, StagesFollowEachOther) {
  const v1::Experiment experiment = SearchExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  using State = v1::SearchState;

  // Six updates, the check, four updates, the last evaluation.
  RunSimulated(experiment, trainer.get(), Target, 0, 6);
  EXPECT_EQ(trainer->Save().search().stage(), State::CHECKING);
  EXPECT_EQ(CountOf(*trainer, v1::WorkUnit::TRAIN), 0);
  EXPECT_EQ(CountOf(*trainer, v1::WorkUnit::EVAL_CANDIDATE), 4 * 4);
  const auto check = RunSimulated(experiment, trainer.get(), Target, 0, 1);
  EXPECT_EQ(check[0].search->stage, State::CHECKING);
  EXPECT_EQ(check[0].update_norm, 0);
  EXPECT_FALSE(trainer->Save().has_best());

  const v1::Architecture chosen = trainer->Save().search().chosen();
  EXPECT_EQ(trainer->Save().search().stage(), State::FINE_TUNING);
  for (const v1::WorkUnit& unit : trainer->units()) {
    EXPECT_EQ(unit.architecture().encoding(), chosen.encoding());
  }
  const auto rest = RunSimulated(experiment, trainer.get(), Target);
  ASSERT_EQ(rest.size(), 5u);
  EXPECT_GT(rest[3].update_norm, 0);
  EXPECT_EQ(rest[3].sigma, static_cast<float>(0.025));
  EXPECT_TRUE(rest[4].fixed.has_value());
  EXPECT_TRUE(trainer->finished());
}

TEST(TrainerSearchTest, TheBestCandidateIsChosen) {
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_budget()->set_generations(1);
  const auto trainer = MakeTrainer(experiment, kParameters);
  RunSimulated(experiment, trainer.get(), Target, 0, 1);

  // By hand: candidate 2 is the best on average, but not surely.
  auto results = Simulate(experiment, *trainer, Target);
  const double returns[4][4] = {
      {5, 5, 5, 5}, {7, 7, 7, 8}, {40, 0, 0, 0}, {6, 6, 6, 6}};
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].set_returns(0, returns[i / 4][i % 4]);
  }
  const v1::Architecture expected = trainer->units()[4].architecture();
  ASSERT_TRUE(trainer->Advance(results).ok());

  EXPECT_EQ(trainer->state().choice().encoding(), expected.encoding());
}

TEST(TrainerSearchTest, TheFrontIsEvaluatedNowAndThenAndAtTheEnd) {
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_search()->set_front_every(2);
  experiment.mutable_search()->set_front_episodes(3);
  const auto trainer = MakeTrainer(experiment, kParameters);
  // Nothing has been proposed yet.
  EXPECT_EQ(CountOf(*trainer, v1::WorkUnit::EVAL_FRONT), 0);
  const auto first = RunSimulated(experiment, trainer.get(), Target, 0, 2);
  EXPECT_TRUE(first[1].search->front.empty());
  // All have the same cost: one challenger.
  EXPECT_EQ(CountOf(*trainer, v1::WorkUnit::EVAL_FRONT), 3);
  const auto third = RunSimulated(experiment, trainer.get(), Target, 0, 1);
  ASSERT_EQ(third[0].search->front.size(), 1u);
  EXPECT_EQ(third[0].search->front[0].cost(), kKept);
  EXPECT_EQ(third[0].search->front[0].episodes(), 3u);

  const auto rest = RunSimulated(experiment, trainer.get(), Target);
  const auto check =
      std::find_if(rest.begin(), rest.end(), [](const Progress& progress) {
        return progress.search->stage == v1::SearchState::CHECKING;
      });
  ASSERT_NE(check, rest.end());
  EXPECT_EQ(check->search->front.size(), 1u);
  EXPECT_EQ(trainer->Save().search().front_size(), 1);
}

TEST(TrainerSearchTest, AWarmUpTrainsTheWholePolicyAndTeachesNoController) {
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_search()->set_warmup_generations(3);
  const auto trainer = MakeTrainer(experiment, kParameters);
  const std::string before = trainer->Save().search().controller();
  for (int g = 0; g < 3; ++g) {
    EXPECT_FALSE(trainer->units()[0].has_architecture());
    EXPECT_EQ(CountOf(*trainer, v1::WorkUnit::EVAL_SAMPLED), 0);
    RunSimulated(experiment, trainer.get(), Target, 0, 1);
  }
  EXPECT_EQ(trainer->Save().search().controller(), before);
  EXPECT_FALSE(trainer->Save().has_best());
  EXPECT_TRUE(trainer->units()[0].has_architecture());
  RunSimulated(experiment, trainer.get(), Target, 0, 1);
  EXPECT_NE(trainer->Save().search().controller(), before);
}

TEST(TrainerSearchTest, AfterAWarmUpTheControllerMayBeginWithTheWeights) {
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_search()->set_warmup_generations(2);
  experiment.mutable_search()->set_importance_prior(3);
  auto trainer = MakeTrainer(experiment, kParameters);
  for (int g = 0; g < 2; ++g) {
    RunSimulated(experiment, trainer.get(), Target, 0, 1);
  }
  const auto largest = [](const Trainer& at) {
    const auto& mean = at.state().distribution().mean();
    std::vector<int32_t> order(kParameters);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      return std::abs(mean[a]) > std::abs(mean[b]);
    });
    order.resize(kKept);
    std::sort(order.begin(), order.end());
    return order;
  };
  // Its choice is what its logits say.
  EXPECT_EQ(Edges(trainer->state().choice()), largest(*trainer));
  // It begins there just once, also after a restart at this very generation.
  const v1::Checkpoint checkpoint = trainer->Save();
  const auto again = MakeTrainer(experiment, kParameters);
  ASSERT_TRUE(again->Restore(checkpoint).ok());
  EXPECT_EQ(again->Save().SerializeAsString(), checkpoint.SerializeAsString());
  RunSimulated(experiment, again.get(), Target, 0, 2);
  RunSimulated(experiment, trainer.get(), Target, 0, 2);
  EXPECT_EQ(again->Save().SerializeAsString(),
            trainer->Save().SerializeAsString());
}

TEST(TrainerSearchTest, MagnitudePruningTrainsAllAndKeepsTheLargest) {
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_controller()->mutable_magnitude_pruning();
  const auto trainer = MakeTrainer(experiment, kParameters);
  for (int g = 0; g < 6; ++g) {
    EXPECT_FALSE(trainer->units()[0].has_architecture());
    RunSimulated(experiment, trainer.get(), Target, 0, 1);
  }
  EXPECT_EQ(trainer->Save().search().stage(), v1::SearchState::FINE_TUNING);
  const auto& mean = trainer->state().distribution().mean();
  const std::vector<int32_t> kept = Edges(trainer->state().choice());
  float smallest_kept = 1e9f, largest_gone = 0;
  for (int i = 0; i < kParameters; ++i) {
    const bool is_kept = std::count(kept.begin(), kept.end(), i) > 0;
    float& limit = is_kept ? smallest_kept : largest_gone;
    limit = is_kept ? std::min(limit, std::abs(mean[i]))
                    : std::max(limit, std::abs(mean[i]));
  }
  EXPECT_GT(smallest_kept, largest_gone);
  RunSimulated(experiment, trainer.get(), Target);
  EXPECT_TRUE(trainer->finished());
}

TEST(TrainerSearchTest, GoesOnFromAnyGenerationWithTheSameBits) {
  for (const char* const kind :
       {"policy_gradient", "regularized_evolution", "nsga2", "hill_climbing",
        "random", "magnitude_pruning"}) {
    v1::Experiment experiment = SearchExperiment();
    if (std::string(kind) == "magnitude_pruning") {
      experiment.mutable_controller()->mutable_magnitude_pruning();
    } else {
      *experiment.mutable_controller() = *ControllerRegistry::Default(kind);
    }
    const auto whole = MakeTrainer(experiment, kParameters);
    std::vector<v1::Checkpoint> saved;
    while (!whole->finished()) {
      saved.push_back(whole->Save());
      RunSimulated(experiment, whole.get(), Target, 0.3, 1);
    }
    const std::string expected = whole->Save().SerializeAsString();
    for (const v1::Checkpoint& checkpoint : saved) {
      const auto resumed = MakeTrainer(experiment, kParameters);
      ASSERT_TRUE(resumed->Restore(checkpoint).ok())
          << resumed->Restore(checkpoint);
      EXPECT_EQ(resumed->Save().SerializeAsString(),
                checkpoint.SerializeAsString());
      RunSimulated(experiment, resumed.get(), Target, 0.3);
      EXPECT_EQ(resumed->Save().SerializeAsString(), expected)
          << kind << " from generation " << checkpoint.state().generation();
    }
  }
}

TEST(TrainerSearchTest, FailedPairsTeachTheControllerNothing) {
  const v1::Experiment experiment = SearchExperiment();
  const auto a = MakeTrainer(experiment, kParameters);
  const auto b = MakeTrainer(experiment, kParameters);
  auto results = Simulate(experiment, *a, Target);
  const auto fail = [&results](int i) {
    results[i].Clear();
    results[i].set_index(i);
    results[i].set_status(v1::RolloutResult::DIVERGED);
  };
  fail(3);
  ASSERT_TRUE(a->Advance(results).ok());
  // Whatever the other half of the pair said.
  results[2].set_returns(0, 1e6);
  ASSERT_TRUE(b->Advance(results).ok());
  EXPECT_EQ(a->Save().search().controller(), b->Save().search().controller());
}

TEST(TrainerSearchTest, AGenerationThatFailsWholeLeavesTheControllerAsItWas) {
  const v1::Experiment experiment = SearchExperiment();
  const auto trainer = MakeTrainer(experiment, kParameters);
  auto results = Simulate(experiment, *trainer, Target);
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].Clear();
    results[i].set_index(i);
    results[i].set_status(v1::RolloutResult::DIVERGED);
  }
  const std::string before = trainer->Save().SerializeAsString();
  const absl::Status status = trainer->Advance(results).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_NE(status.message().find("Parameters and controller are unchanged"),
            absl::string_view::npos)
      << status;
  EXPECT_EQ(trainer->Save().SerializeAsString(), before);
}

TEST(TrainerSearchTest, AFixedArchitectureIsTrainedLikeAnyPolicy) {
  v1::Experiment search = SearchExperiment();
  const auto searched = MakeTrainer(search, kParameters);
  v1::Experiment experiment = SearchExperiment();
  experiment.clear_controller();
  *experiment.mutable_architecture() = searched->units()[0].architecture();
  const auto trainer = MakeTrainer(experiment, kParameters);
  for (const v1::WorkUnit& unit : trainer->units()) {
    EXPECT_EQ(unit.architecture().encoding(),
              experiment.architecture().encoding());
  }
  RunSimulated(experiment, trainer.get(), Target);
  EXPECT_EQ(trainer->Save().best().architecture().encoding(),
            experiment.architecture().encoding());
  EXPECT_FALSE(trainer->Save().has_search());
}

TEST(TrainerSearchTest, RefusesWhatDoesNotFit) {
  const auto message = [](const v1::Experiment& experiment) {
    return std::string(
        Trainer::Create(experiment, SimulatedSpec(kParameters), 1)
            .status()
            .message());
  };
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_policy()->mutable_linear();
  EXPECT_NE(message(experiment).find("policy.linear has nothing to search"),
            std::string::npos);

  experiment = SearchExperiment();
  experiment.mutable_objectives()->set_limit(3);
  experiment.mutable_objectives()->mutable_product();
  EXPECT_NE(message(experiment).find("reward_offset"), std::string::npos);

  experiment = SearchExperiment();
  experiment.mutable_architecture()->set_encoding("x");
  EXPECT_FALSE(message(experiment).empty());

  experiment = SearchExperiment();
  experiment.mutable_search()
      ->mutable_fine_tune_strategy()
      ->mutable_ars()
      ->set_top_directions(999);
  EXPECT_NE(message(experiment).find("search.fine_tune_strategy"),
            std::string::npos);
}

TEST(TrainerSearchTest, ACheckpointOfAnotherControllerIsRefused) {
  const auto trainer = MakeTrainer(SearchExperiment(), kParameters);
  v1::Checkpoint checkpoint = trainer->Save();
  const std::string before = checkpoint.SerializeAsString();
  checkpoint.mutable_search()->set_controller("no controller's");
  EXPECT_EQ(trainer->Restore(checkpoint).code(), absl::StatusCode::kDataLoss);
  checkpoint.clear_search();
  EXPECT_EQ(trainer->Restore(checkpoint).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(trainer->Save().SerializeAsString(), before);
}

TEST(TrainerSearchTest, AProductThatAReturnRefusesEndsTheRunAndSaysWhy) {
  v1::Experiment experiment = SearchExperiment();
  experiment.mutable_objectives()->set_limit(3);
  experiment.mutable_objectives()->mutable_product()->set_reward_offset(1);
  const auto trainer = MakeTrainer(experiment, kParameters);
  const auto progress =
      trainer->Advance(Simulate(experiment, *trainer, Target));
  EXPECT_EQ(progress.status().code(), absl::StatusCode::kAborted);
  EXPECT_NE(progress.status().message().find("reward_offset is 1"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace starling
