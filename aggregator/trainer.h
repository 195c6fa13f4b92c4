// The state machine of one run: units out, results in, a better policy.
//
// Deterministic, without threads (except inside the weighted sum), clock or
// network of its own: the aggregator's service drives it, and so does a test.
// Not thread-safe.
//
//   while (!trainer->finished()) {
//     results = answers to trainer->units(), by index;
//     ASSIGN_OR_RETURN(Progress progress, trainer->Advance(results));
//   }
#ifndef STARLING_AGGREGATOR_TRAINER_H_
#define STARLING_AGGREGATOR_TRAINER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/checkpoint.pb.h"
#include "proto/env.pb.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

// Mean, extremes and spread of the episodes of one evaluation.
struct ReturnSummary {
  int episodes = 0;
  double mean = 0, std = 0, min = 0, max = 0, mean_length = 0;
};

// What one generation brought; for people and for run.db.
struct Progress {
  uint64_t generation = 0;
  // Over the training episodes that did not fail, rewards unshifted.
  ReturnSummary training;
  // Of the unperturbed policy, where this generation evaluated it.
  std::optional<ReturnSummary> fixed, fresh;
  int failed_units = 0;
  int dropped_pairs = 0;
  double update_norm = 0;
  double theta_norm = 0;
  double sigma = 0;
  bool new_best = false;
  // So far, training only.
  uint64_t env_steps = 0;
  uint64_t episodes = 0;
};

class Trainer {
 public:
  // The experiment is valid (ValidateExperiment). `threads` >= 1 is for the
  // update and changes no bit.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(
      const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
      int threads);
  ~Trainer() = default;

  // Of this generation: training units (direction i: index 2i for +, 2i + 1
  // for -), then evaluation units, one episode each. After the last update only
  // evaluation units are left.
  virtual absl::Span<const v1::WorkUnit> units() const = 0;
  // What the workers of this generation need.
  virtual const v1::PolicyState& state() const = 0;
  // Closes the generation. results[i] answers units()[i]; one whose status is
  // not OK drops its pair. Aborted, naming the limit: more than 5 % of the
  // units crashed or had environment errors, or 40 % of the pairs are missing;
  // Internal: the parameters are not finite. The state is then unchanged.
  virtual absl::StatusOr<Progress> Advance(
      absl::Span<const v1::RolloutResult> results) = 0;
  // The budget is used up and the last evaluation is in.
  virtual bool finished() const = 0;

  // State at the start of this generation. elapsed_s and fingerprint are the
  // caller's to fill in.
  virtual v1::Checkpoint Save() const = 0;
  // Goes on from a checkpoint of the same experiment. DataLoss if it does not
  // fit.
  virtual absl::Status Restore(const v1::Checkpoint& checkpoint) = 0;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_TRAINER_H_
