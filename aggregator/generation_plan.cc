#include "aggregator/generation_plan.h"

#include "base/rng.h"

namespace starling {
namespace {

v1::WorkUnit* AddUnit(const GenerationPlan& plan, v1::WorkUnit::Kind kind,
                      std::vector<v1::WorkUnit>* units) {
  v1::WorkUnit* unit = &units->emplace_back();
  unit->set_generation(plan.generation);
  unit->set_index(static_cast<uint32_t>(units->size() - 1));
  unit->set_kind(kind);
  return unit;
}

// Nothing to say is not said.
void SetArchitecture(const v1::Architecture& architecture, v1::WorkUnit* unit) {
  if (!architecture.encoding().empty()) {
    *unit->mutable_architecture() = architecture;
  }
}

void AddTraining(const v1::Experiment& experiment, const GenerationPlan& plan,
                 std::vector<v1::WorkUnit>* units) {
  const uint64_t seed = experiment.seed();
  for (int direction = 0; direction < plan.num_directions; ++direction) {
    for (const int sign : {+1, -1}) {
      v1::WorkUnit* unit = AddUnit(plan, v1::WorkUnit::TRAIN, units);
      unit->set_direction(direction);
      unit->set_sign(sign);
      unit->set_episode_seed(
          DeriveSeed(seed, Stream::kEnv, plan.generation, direction, 0));
      unit->set_episodes(experiment.rollout().episodes());
      if (!plan.proposals.empty()) {
        SetArchitecture(plan.proposals[direction], unit);
      }
      if (plan.keeps_moments) {
        Rng chance(
            DeriveSeed(seed, Stream::kEnv, plan.generation, unit->index(), 1));
        unit->set_keep_moments(chance.Uniform() <
                               experiment.normalizer().fraction());
      }
    }
  }
}

void AddEvaluation(const v1::Experiment& experiment, const GenerationPlan& plan,
                   std::vector<v1::WorkUnit>* units) {
  const uint64_t seed = experiment.seed();
  const v1::Evaluation& evaluation = experiment.evaluation();
  for (uint32_t j = 0; j < evaluation.episodes(); ++j) {
    v1::WorkUnit* unit = AddUnit(plan, v1::WorkUnit::EVAL_FIXED, units);
    unit->set_episode_seed(DeriveSeed(seed, Stream::kEvaluation, 0, 0, j));
    unit->set_episodes(1);
    SetArchitecture(plan.choice, unit);
  }
  for (uint32_t j = 0; j < evaluation.fresh_episodes(); ++j) {
    v1::WorkUnit* unit = AddUnit(plan, v1::WorkUnit::EVAL_FRESH, units);
    unit->set_episode_seed(
        DeriveSeed(seed, Stream::kEvaluation, plan.generation, 1, j));
    unit->set_episodes(1);
    SetArchitecture(plan.choice, unit);
  }
  for (int j = 0; j < plan.num_sampled; ++j) {
    v1::WorkUnit* unit = AddUnit(plan, v1::WorkUnit::EVAL_SAMPLED, units);
    unit->set_episode_seed(
        DeriveSeed(seed, Stream::kEvaluation, plan.generation, 3, j));
    unit->set_episodes(1);
    SetArchitecture(plan.proposals[j], unit);
  }
}

// `episodes` of each, on the same seeds for all.
void AddArchitectures(v1::WorkUnit::Kind kind,
                      absl::Span<const v1::Architecture> architectures,
                      int episodes, uint64_t use,
                      const v1::Experiment& experiment,
                      const GenerationPlan& plan,
                      std::vector<v1::WorkUnit>* units) {
  for (size_t c = 0; c < architectures.size(); ++c) {
    for (int j = 0; j < episodes; ++j) {
      v1::WorkUnit* unit = AddUnit(plan, kind, units);
      unit->set_direction(static_cast<uint32_t>(c));
      unit->set_episode_seed(DeriveSeed(experiment.seed(), Stream::kEvaluation,
                                        plan.generation, use, j));
      unit->set_episodes(1);
      SetArchitecture(architectures[c], unit);
    }
  }
}

}  // namespace

std::vector<v1::WorkUnit> PlanUnits(const v1::Experiment& experiment,
                                    const GenerationPlan& plan) {
  std::vector<v1::WorkUnit> units;
  AddTraining(experiment, plan, &units);
  if (plan.evaluates) AddEvaluation(experiment, plan, &units);
  AddArchitectures(v1::WorkUnit::EVAL_CANDIDATE, plan.candidates,
                   plan.candidate_episodes, 4, experiment, plan, &units);
  AddArchitectures(v1::WorkUnit::EVAL_FRONT, plan.front, plan.front_episodes, 5,
                   experiment, plan, &units);
  return units;
}

uint64_t NumGenerations(const v1::Experiment& experiment) {
  uint64_t number = experiment.budget().generations();
  const v1::ControllerConfig& controller = experiment.controller();
  if (number == 0 ||
      controller.kind_case() == v1::ControllerConfig::KIND_NOT_SET) {
    return number;
  }
  const v1::SearchPlan& search = experiment.search();
  const bool checks =
      search.candidates() > 0 && !controller.has_magnitude_pruning();
  return number + (checks ? 1 : 0) + search.fine_tune_generations();
}

}  // namespace starling
