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
//
// With a controller in the experiment the run is a search for an architecture
// (aggregator/architecture_search): after the budget, a generation that checks
// candidates, then search.fine_tune_generations updates with what was chosen.
//
// Strategies, optimisers and controllers are linked in; policies are the
// caller's to link.
#ifndef STARLING_AGGREGATOR_TRAINER_H_
#define STARLING_AGGREGATOR_TRAINER_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aggregator/architecture_search.h"
#include "aggregator/es/strategy.h"
#include "aggregator/progress.h"
#include "base/moments.h"
#include "base/noise.h"
#include "proto/checkpoint.pb.h"
#include "proto/env.pb.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

class Trainer {
 public:
  // The experiment is valid (ValidateExperiment). `threads` >= 1 is for the
  // update and changes no bit. InvalidArgument: no budget, or what the policy,
  // the noise or the strategy refuses; NotFound: one of them is not linked.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(
      const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
      int threads);
  ~Trainer() = default;
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // Of this generation: training units (direction i: index 2i for +, 2i + 1
  // for -), then evaluation units of the generation's centre, one episode each,
  // where the generation is divisible by evaluation.every. After the last
  // update a generation of evaluation units alone is left; none once finished.
  absl::Span<const v1::WorkUnit> units() const { return units_; }
  // What the workers of this generation need. Frozen within a generation.
  const v1::PolicyState& state() const { return state_; }

  // Closes the generation. results[i] answers units()[i] (CHECKed: CheckResult
  // of each is OK, and the run isn't finished); one whose status is not OK
  // drops its pair, or is left out of its evaluation's mean. The fitness of a
  // half is the mean over its episodes of return - reward_shift * length.
  //
  // Aborted, with the numbers and the first failed unit: more than 5 % of the
  // units (and more than one) crashed or had environment errors, or more than
  // 40 % of the pairs are missing for any reason. Internal: the parameters are
  // not finite. The state is then unchanged.
  absl::StatusOr<Progress> Advance(absl::Span<const v1::RolloutResult> results);

  // The budget is used up and the last evaluation is in.
  bool finished() const { return finished_; }

  // Where the directions of a generation come from: to check what a worker has
  // drawn.
  const Noise& noise() const { return *noise_; }

  // State at the start of this generation. elapsed_s and fingerprint are the
  // caller's to fill in.
  v1::Checkpoint Save() const;
  // Goes on from a checkpoint of the same experiment: from there on every bit
  // is that of the run that saved it. DataLoss, changing nothing and naming
  // what differs, if it does not fit. (A caller that lets a field change, such
  // as the budget, puts its own experiment into the checkpoint first.)
  absl::Status Restore(const v1::Checkpoint& checkpoint);

 private:
  // Counters of the random numbers have 32 bits for the generation.
  static constexpr uint64_t kMaxGenerations =
      std::numeric_limits<uint32_t>::max();

  Trainer(const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
          int threads, std::unique_ptr<Strategy> strategy,
          std::unique_ptr<Noise> noise,
          std::unique_ptr<ArchitectureSearch> search);

  bool BudgetIsUsed() const;
  // In [0, 1].
  double ShareOfBudget() const;
  bool IsChecking() const;
  // All updates are made: only the last evaluation is left.
  bool IsLast() const;
  // That of a stage, from this centre.
  absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(
      v1::SearchState::Stage stage, const Eigen::VectorXf& mean) const;
  // After a generation, before the next: where a search goes on to.
  absl::Status EnterStage(absl::Span<const v1::RolloutResult> results);
  // Fills units_ and state_.
  void BeginGeneration();
  void SetChoice(const v1::Architecture& choice);
  absl::Status CheckLimits(absl::Span<const v1::RolloutResult> results) const;
  std::vector<DirectionOutcome> Outcomes(
      absl::Span<const v1::RolloutResult> results) const;
  // Update of the parameters, moments and counters. Unchanged on failure.
  absl::Status Learn(absl::Span<const v1::RolloutResult> results,
                     Progress* progress);
  // Summaries of the evaluation, and the best policy so far.
  void Judge(absl::Span<const v1::RolloutResult> results, Progress* progress);

  const v1::Experiment experiment_;
  const v1::EnvSpec env_spec_;
  const int threads_;
  std::unique_ptr<Strategy> strategy_;
  const std::unique_ptr<Noise> noise_;
  // Null: nothing is searched.
  const std::unique_ptr<ArchitectureSearch> search_;
  // Size 0 if the normaliser is off.
  Moments moments_;
  // Updates so far, and in a search, its check.
  uint64_t generation_ = 0;
  uint64_t env_steps_ = 0;
  uint64_t episodes_ = 0;
  std::optional<v1::BestPolicy> best_;
  bool finished_ = false;

  std::vector<v1::WorkUnit> units_;
  v1::PolicyState state_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_TRAINER_H_
