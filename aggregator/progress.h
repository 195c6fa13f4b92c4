// What a generation brought, in numbers: for people, for run.db, for curves.
#ifndef STARLING_AGGREGATOR_PROGRESS_H_
#define STARLING_AGGREGATOR_PROGRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "proto/checkpoint.pb.h"
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

// What a generation of a search was like.
struct SearchProgress {
  v1::SearchState::Stage stage = v1::SearchState::SEARCHING;
  // Live numbers of the policy that is evaluated, and bits to keep it.
  int64_t weights = 0, biases = 0, bits = 0;
  // Of the proposals: mean cost by the objectives, and how many are different.
  double mean_cost = 0;
  int num_distinct = 0;
  // Encoding of the architecture that is evaluated; "": none.
  std::string choice;
  // The controller's, decision by decision (nas/controller); where this
  // generation evaluated.
  std::vector<float> probabilities;
  // Of these probabilities, as a share of the uniform ones'; where
  // this generation evaluated.
  std::optional<double> entropy;
  // Returns of proposals with unperturbed parameters; where it evaluated.
  std::optional<ReturnSummary> sampled;
  // The front of return against cost, cheapest first; where this generation
  // evaluated it.
  std::vector<v1::FrontEntry> front;
  // What a person should look at: the controller has decided too early, or not
  // at all. Where this generation evaluated.
  std::string alarm;
};

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
  // In a search.
  std::optional<SearchProgress> search;
  // So far, training only.
  uint64_t env_steps = 0;
  uint64_t episodes = 0;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_PROGRESS_H_
