// The search for an architecture within a run: who proposes, what proposals
// cost, how they scored, and what is chosen in the end.
//
// Stages: SEARCHING, while the run's budget lasts: an architecture for each
// antithetic pair, learned from the pair's mean return (none in the warm-up).
// CHECKING, one generation: the controller's choice and some proposals are
// evaluated with the unperturbed parameters. FINE_TUNING: the best of them is
// every pair's architecture. Deterministic; not thread-safe.
#ifndef STARLING_AGGREGATOR_ARCHITECTURE_SEARCH_H_
#define STARLING_AGGREGATOR_ARCHITECTURE_SEARCH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aggregator/es/strategy.h"
#include "aggregator/progress.h"
#include "nas/controller.h"
#include "nas/pareto_archive.h"
#include "policies/policy.h"
#include "proto/checkpoint.pb.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

class ArchitectureSearch {
 public:
  using Stage = v1::SearchState::Stage;

  // Whether the experiment has a controller.
  static bool IsWanted(const v1::Experiment& experiment);
  // InvalidArgument: the policy has nothing to search, or the controller or the
  // objectives do not fit; NotFound: the controller is not linked.
  static absl::StatusOr<std::unique_ptr<ArchitectureSearch>> Create(
      const v1::Experiment& experiment, std::unique_ptr<Policy> policy);

  Stage stage() const { return stage_; }
  // First generation of the stage.
  uint64_t stage_began() const { return began_; }

  // Begins a generation of n pairs around theta [d].
  void Begin(uint64_t generation, int n, const Eigen::VectorXf& theta);
  // Of each pair of this generation.
  const std::vector<v1::Architecture>& proposals() const { return encoded_; }
  // What each proposal uses of the parameters: their indices.
  std::vector<std::vector<int>> ActiveParameters();
  // Of the unperturbed policy: what the controller would choose now, or what is
  // frozen.
  const v1::Architecture& choice() const { return choice_; }
  // What it costs.
  PolicyCost ChoiceCost();
  // Whether this generation's pairs have proposals of the controller.
  bool is_sampling() const {
    return stage_ == v1::SearchState::SEARCHING && !warms_up_;
  }
  // Whether the policy of `choice` is one that the search could end with.
  bool may_be_best() const {
    return stage_ == v1::SearchState::FINE_TUNING || !warms_up_;
  }
  // To evaluate in the stage CHECKING, the choice first; else empty.
  const std::vector<v1::Architecture>& candidates() const {
    return candidates_;
  }

  // To evaluate for the front in this generation.
  const std::vector<v1::Architecture>& front() const { return front_; }

  // Of what was to be evaluated for the front: results[i] answers units[i].
  void UpdateFront(absl::Span<const v1::WorkUnit> units,
                   absl::Span<const v1::RolloutResult> results);
  // The controller learns from the outcomes of the pairs. InvalidArgument: the
  // objectives refuse a return. The search is then unchanged.
  absl::Status Learn(absl::Span<const DirectionOutcome> outcomes);
  // What Progress tells of this generation; `evaluates`: with what takes long.
  // `share_of_budget` in [0, 1] is used up.
  SearchProgress Describe(bool evaluates, double share_of_budget);

  // The budget is used up, the parameters are theta [d]: goes on to CHECKING,
  // or past it where there is nothing to check.
  void EndSearching(uint64_t next_generation, const Eigen::VectorXf& theta);
  // Freezes the candidate with the best lower confidence bound of its mean
  // return, by the objectives. results[i] answers units[i]; failed ones are
  // left out.
  void Choose(absl::Span<const v1::WorkUnit> units,
              absl::Span<const v1::RolloutResult> results,
              uint64_t next_generation);

  // As it was when this generation began.
  const v1::SearchState& Save() const { return saved_; }
  // DataLoss, changing nothing, for what is not a Save of this search.
  absl::Status Restore(const v1::SearchState& state);

 private:
  ArchitectureSearch(const v1::Experiment& experiment,
                     std::unique_ptr<Policy> policy,
                     std::unique_ptr<Controller> controller);

  // InvalidArgument: there is no use for search.importance_prior.
  absl::Status CheckPrior();
  // Lets the controller prefer what moves the action most.
  void StartFromWeights(const Eigen::VectorXf& theta);
  // As a share of the largest that there could be.
  double EntropyShare(
      const std::vector<std::vector<double>>& probabilities) const;
  std::string Alarm(double entropy, double share_of_budget) const;
  // By ObjectivesConfig.cost.
  double Cost(const v1::Architecture& architecture);
  void Freeze(v1::Architecture architecture, uint64_t next_generation);
  v1::FrontEntry ToProto(const ArchiveEntry& entry) const;
  absl::StatusOr<std::vector<ArchiveEntry>> FromProto(
      const google::protobuf::RepeatedPtrField<v1::FrontEntry>& entries) const;

  // The largest weights stay: nothing is proposed.
  const bool is_magnitude_;
  const v1::ObjectivesConfig objectives_;
  const v1::SearchPlan plan_;
  const std::unique_ptr<Policy> policy_;
  const SearchSpace& space_;
  std::unique_ptr<Controller> controller_;
  // Of a controller that has learned nothing.
  const double first_entropy_;

  Stage stage_ = v1::SearchState::SEARCHING;
  uint64_t began_ = 0;
  bool warms_up_ = false;
  // Before this generation's proposals.
  v1::SearchState saved_;
  std::vector<Choices> proposals_;
  std::vector<v1::Architecture> encoded_;
  std::vector<v1::Architecture> candidates_;
  ParetoArchive archive_;
  std::vector<v1::Architecture> front_;
  bool front_is_new_ = false;
  v1::Architecture choice_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_ARCHITECTURE_SEARCH_H_
