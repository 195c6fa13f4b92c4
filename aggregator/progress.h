// What a generation brought, in numbers: for people, for run.db, for curves.
#ifndef STARLING_AGGREGATOR_PROGRESS_H_
#define STARLING_AGGREGATOR_PROGRESS_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "proto/work.pb.h"

namespace starling {

// Mean, extremes and spread of the undiscounted returns of episodes. All 0 if
// there were none.
struct ReturnSummary {
  int episodes = 0;
  // std is the population's.
  double mean = 0, std = 0, min = 0, max = 0, mean_length = 0;
  // Units that failed: their episodes are in none of the above.
  int failed_units = 0;
};

// Over the episodes of the units of `kind` whose status is OK, in the order of
// their indices; results[i] answers units[i].
ReturnSummary Summarize(absl::Span<const v1::WorkUnit> units,
                        absl::Span<const v1::RolloutResult> results,
                        v1::WorkUnit::Kind kind);

struct Progress {
  uint64_t generation = 0;
  // Over the training episodes that did not fail, rewards unshifted.
  ReturnSummary training;
  // Of the unperturbed policy at the start of this generation, where this
  // generation evaluated it.
  std::optional<ReturnSummary> fixed, fresh;
  // Of training and evaluation.
  int failed_units = 0;
  int dropped_pairs = 0;
  // All returns were the same: they gave the update no direction.
  bool flat_fitness = false;
  // |theta_new - theta_old|; 0 in a generation without an update.
  double update_norm = 0;
  // |theta| after the update.
  double theta_norm = 0;
  double sigma = 0;
  // The policy at the start of this generation is the best so far.
  bool new_best = false;
  // So far, training only.
  uint64_t env_steps = 0;
  uint64_t episodes = 0;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_PROGRESS_H_
