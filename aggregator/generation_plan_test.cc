#include "aggregator/generation_plan.h"

#include <cmath>
#include <cstdint>
#include <set>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::Experiment Example() {
  v1::Experiment experiment;
  experiment.set_seed(11);
  experiment.mutable_rollout()->set_episodes(3);
  experiment.mutable_evaluation()->set_episodes(4);
  experiment.mutable_evaluation()->set_fresh_episodes(2);
  return experiment;
}

TEST(PlanUnitsTest, PairsComeFirstAndShareTheirSeed) {
  const auto units = PlanUnits(Example(), {.generation = 6,
                                           .num_directions = 5,
                                           .evaluates = true,
                                           .keeps_moments = false});

  ASSERT_EQ(units.size(), 5u * 2 + 4 + 2);
  for (uint32_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(units[i].index(), i);
    EXPECT_EQ(units[i].generation(), 6u);
  }
  for (uint32_t i = 0; i < 5; ++i) {
    for (const int half : {0, 1}) {
      const v1::WorkUnit& unit = units[2 * i + half];
      EXPECT_EQ(unit.kind(), v1::WorkUnit::TRAIN);
      EXPECT_EQ(unit.direction(), i);
      EXPECT_EQ(unit.sign(), half == 0 ? 1 : -1);
      EXPECT_EQ(unit.episodes(), 3u);
      EXPECT_EQ(unit.episode_seed(), DeriveSeed(11, Stream::kEnv, 6, i, 0));
    }
  }
}

TEST(PlanUnitsTest, EvaluationSeedsAreFixedOrFresh) {
  for (const uint64_t generation : {0, 6}) {
    const auto units = PlanUnits(Example(), {.generation = generation,
                                             .num_directions = 0,
                                             .evaluates = true,
                                             .keeps_moments = true});

    ASSERT_EQ(units.size(), 4u + 2);
    for (uint32_t j = 0; j < 6; ++j) {
      const bool is_fixed = j < 4;
      EXPECT_EQ(units[j].kind(),
                is_fixed ? v1::WorkUnit::EVAL_FIXED : v1::WorkUnit::EVAL_FRESH);
      EXPECT_EQ(
          units[j].episode_seed(),
          is_fixed ? DeriveSeed(11, Stream::kEvaluation, 0, 0, j)
                   : DeriveSeed(11, Stream::kEvaluation, generation, 1, j - 4));
      EXPECT_EQ(units[j].episodes(), 1u);
      EXPECT_EQ(units[j].sign(), 0);
      EXPECT_FALSE(units[j].keep_moments());
    }
  }
}

TEST(PlanUnitsTest, NoSeedIsUsedForTwoThings) {
  std::set<uint64_t> seeds;
  for (uint64_t generation = 0; generation < 20; ++generation) {
    for (const auto& unit : PlanUnits(Example(), {.generation = generation,
                                                 .num_directions = 8,
                                                 .evaluates = true,
                                                 .keeps_moments = false})) {
      if (unit.sign() >= 0) seeds.insert(unit.episode_seed());
    }
  }

  EXPECT_EQ(seeds.size(), 20u * (8 + 2) + 4);
}

TEST(PlanUnitsTest, TheNormalizersFractionOfUnitsKeepsMoments) {
  v1::Experiment experiment = Example();
  const GenerationPlan plan = {.generation = 2,
                               .num_directions = 2000,
                               .evaluates = false,
                               .keeps_moments = true};
  const auto count = [&](double fraction) {
    experiment.mutable_normalizer()->set_fraction(fraction);
    int kept = 0;
    for (const auto& unit : PlanUnits(experiment, plan)) {
      kept += unit.keep_moments();
    }
    return kept;
  };

  EXPECT_EQ(count(1), 4000);
  // Five standard deviations of a binomial.
  EXPECT_NEAR(count(0.25), 1000, 5 * std::sqrt(4000 * 0.25 * 0.75));
}

TEST(PlanUnitsTest, NothingIsKeptWithoutANormalizer) {
  for (const auto& unit : PlanUnits(Example(), {.generation = 2,
                                               .num_directions = 50,
                                               .evaluates = false,
                                               .keeps_moments = false})) {
    EXPECT_FALSE(unit.keep_moments());
  }
}

TEST(GenerationPlanTest, ASearchGoesOnAfterItsBudget) {
  v1::Experiment experiment;
  EXPECT_EQ(NumGenerations(experiment), 0u);
  experiment.mutable_budget()->set_generations(100);
  experiment.mutable_search()->set_fine_tune_generations(40);
  EXPECT_EQ(NumGenerations(experiment), 100u);
  experiment.mutable_controller()->mutable_random();
  EXPECT_EQ(NumGenerations(experiment), 141u);
  experiment.mutable_search()->set_candidates(0);
  EXPECT_EQ(NumGenerations(experiment), 140u);
  experiment.mutable_search()->set_candidates(3);
  experiment.mutable_controller()->mutable_magnitude_pruning();
  EXPECT_EQ(NumGenerations(experiment), 140u);
}

}  // namespace
}  // namespace starling
