// The work units of one generation: a pure function of the experiment.
#ifndef STARLING_AGGREGATOR_GENERATION_PLAN_H_
#define STARLING_AGGREGATOR_GENERATION_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

// What a generation consists of.
struct GenerationPlan {
  // Below 2^32.
  uint64_t generation = 0;
  // 0: no training, only evaluation.
  int num_directions = 0;
  bool evaluates = false;
  // The normaliser is on and there is something to normalise.
  bool keeps_moments = false;
  // Of each pair; empty: none has one.
  absl::Span<const v1::Architecture> proposals = {};
  // Of the policy that is evaluated.
  v1::Architecture choice = {};
  // Proposals to evaluate with unperturbed parameters, where it evaluates.
  int num_sampled = 0;
  // Architectures to evaluate so many episodes each, with unperturbed
  // parameters.
  absl::Span<const v1::Architecture> candidates = {};
  int candidate_episodes = 0;
  absl::Span<const v1::Architecture> front = {};
  int front_episodes = 0;
};

// Training units first: direction i has index 2i (sign +1) and 2i + 1 (-1), and
// both halves the same episode seed, so that the luck of the environment
// cancels in their difference. Then, if it evaluates, the fixed and the fresh
// evaluation episodes, a unit each. Seeds:
//
//   pair                      DeriveSeed(seed, kEnv, generation, direction, 0)
//   fixed episode j           DeriveSeed(seed, kEvaluation, 0, 0, j)
//   fresh episode j           DeriveSeed(seed, kEvaluation, generation, 1, j)
//   sampled proposal j        DeriveSeed(seed, kEvaluation, generation, 3, j)
//   episode j of a candidate  DeriveSeed(seed, kEvaluation, generation, 4, j)
//   episode j of the front's  DeriveSeed(seed, kEvaluation, generation, 5, j)
//
// The number of a candidate, or of one on the front, is its units' direction.
//
// A training unit keeps its moments with probability normalizer.fraction, by
// the generator keyed DeriveSeed(seed, kEnv, generation, index, 1).
std::vector<v1::WorkUnit> PlanUnits(const v1::Experiment& experiment,
                                    const GenerationPlan& plan);

// What a run comes to in the end: the budget's generations and, in a search,
// those of its check and of fine-tuning. 0: the budget says nothing of
// generations.
uint64_t NumGenerations(const v1::Experiment& experiment);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_GENERATION_PLAN_H_
