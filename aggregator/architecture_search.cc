#include "aggregator/architecture_search.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "nas/entropy.h"
#include "nas/importance.h"
#include "nas/objectives.h"

namespace starling {
namespace {

using State = v1::SearchState;

// Alarms: less entropy left, before this share of the budget; more, after.
constexpr double kCollapsed = 0.05, kTooEarly = 0.2;
constexpr double kUndecided = 0.95, kTooLate = 0.5;

// Of the architectures 0 .. n - 1 whose units are of this kind, over the
// episodes that did not fail.
std::vector<ReturnEstimate> EstimateReturns(
    v1::WorkUnit::Kind kind, size_t n, absl::Span<const v1::WorkUnit> units,
    absl::Span<const v1::RolloutResult> results) {
  std::vector<std::vector<double>> returns(n);
  for (size_t i = 0; i < units.size(); ++i) {
    if (units[i].kind() != kind ||
        results[i].status() != v1::RolloutResult::OK) {
      continue;
    }
    for (const double value : results[i].returns()) {
      returns[units[i].direction()].push_back(value);
    }
  }
  std::vector<ReturnEstimate> estimates(n);
  for (size_t k = 0; k < n; ++k) {
    if (returns[k].empty()) continue;
    const auto count = static_cast<double>(returns[k].size());
    double sum = 0, squares = 0;
    for (const double value : returns[k]) sum += value;
    for (const double value : returns[k]) {
      squares += (value - sum / count) * (value - sum / count);
    }
    estimates[k] = {static_cast<int>(returns[k].size()), sum / count,
                    std::sqrt(squares / count)};
  }
  return estimates;
}

}  // namespace

bool ArchitectureSearch::IsWanted(const v1::Experiment& experiment) {
  return experiment.controller().kind_case() !=
         v1::ControllerConfig::KIND_NOT_SET;
}

absl::StatusOr<std::unique_ptr<ArchitectureSearch>> ArchitectureSearch::Create(
    const v1::Experiment& experiment, std::unique_ptr<Policy> policy) {
  if (policy->search_space().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is a controller, but policy.",
        PolicyRegistry::KindOf(experiment.policy()),
        " has nothing to search; use one that has (edge_pruned, "
        "weight_shared { partition {} }, layer_sizes, configured)"));
  }
  if (!experiment.architecture().encoding().empty()) {
    return absl::InvalidArgumentError(
        "there are both a controller and a fixed architecture");
  }
  RETURN_IF_ERROR(CheckObjectives(experiment.objectives()));
  v1::ControllerConfig config = experiment.controller();
  if (config.has_magnitude_pruning()) {
    RETURN_IF_ERROR(
        policy->Importances(Eigen::VectorXf::Zero(policy->num_parameters()))
            .status());
    // It is never asked.
    config.mutable_random();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Controller> controller,
                   ControllerRegistry::Make(config, policy->search_space(),
                                            experiment.seed()));
  auto search = std::unique_ptr<ArchitectureSearch>(new ArchitectureSearch(
      experiment, std::move(policy), std::move(controller)));
  if (experiment.search().importance_prior() > 0) {
    RETURN_IF_ERROR(search->CheckPrior());
  }
  return search;
}

ArchitectureSearch::ArchitectureSearch(const v1::Experiment& experiment,
                                       std::unique_ptr<Policy> policy,
                                       std::unique_ptr<Controller> controller)
    : is_magnitude_(experiment.controller().has_magnitude_pruning()),
      objectives_(experiment.objectives()),
      plan_(experiment.search()),
      policy_(std::move(policy)),
      space_(policy_->search_space()),
      controller_(std::move(controller)),
      first_entropy_(EntropyShare(controller_->Probabilities())),
      archive_(static_cast<int>(std::max<uint32_t>(plan_.front_size(), 1))) {}

absl::Status ArchitectureSearch::CheckPrior() {
  if (plan_.warmup_generations() == 0) {
    return absl::InvalidArgumentError(
        "search.importance_prior needs search.warmup_generations: before them "
        "weights say nothing");
  }
  const absl::StatusOr<std::vector<std::vector<double>>> importances =
      policy_->Importances(Eigen::VectorXf::Zero(policy_->num_parameters()));
  absl::Status status = importances.status();
  if (status.ok()) status = controller_->Prefer(*importances);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat("search.importance_prior: ", status.message()));
}

void ArchitectureSearch::StartFromWeights(const Eigen::VectorXf& theta) {
  const auto importances = policy_->Importances(theta);
  CHECK(importances.ok()) << importances.status();
  const absl::Status status =
      controller_->Prefer(PriorLogits(*importances, plan_.importance_prior()));
  CHECK(status.ok()) << status;
}

double ArchitectureSearch::EntropyShare(
    const std::vector<std::vector<double>>& probabilities) const {
  const double largest = LargestEntropy(space_);
  return largest > 0 ? Entropy(space_, probabilities) / largest : 0;
}

double ArchitectureSearch::Cost(const v1::Architecture& architecture) {
  const absl::Status status = policy_->SetArchitecture(architecture);
  CHECK(status.ok()) << status;
  const PolicyCost cost = policy_->Cost();
  switch (objectives_.cost()) {
    case v1::ObjectivesConfig::PARAMETERS:
      return static_cast<double>(cost.weights + cost.biases);
    case v1::ObjectivesConfig::MULTIPLY_ADDS:
      return static_cast<double>(cost.multiply_adds);
    case v1::ObjectivesConfig::BITS:
      return static_cast<double>(cost.bits);
    case v1::ObjectivesConfig::LATENCY: {
      const v1::LatencyTable& table = objectives_.latency();
      return table.base_ns() +
             table.per_multiply_add_ns() *
                 static_cast<double>(cost.multiply_adds) +
             table.per_unit_ns() * static_cast<double>(cost.units);
    }
  }
  LOG(FATAL) << "unknown cost " << objectives_.cost();
  return 0;
}

std::vector<std::vector<int>> ArchitectureSearch::ActiveParameters() {
  std::vector<std::vector<int>> active;
  for (const v1::Architecture& proposal : encoded_) {
    const absl::Status status = policy_->SetArchitecture(proposal);
    CHECK(status.ok()) << status;
    active.push_back(policy_->ActiveParameters());
  }
  return active;
}

PolicyCost ArchitectureSearch::ChoiceCost() {
  const absl::Status status = policy_->SetArchitecture(choice_);
  CHECK(status.ok()) << status;
  return policy_->Cost();
}

void ArchitectureSearch::Begin(uint64_t generation, int n,
                               const Eigen::VectorXf& theta) {
  if (stage_ == State::SEARCHING && plan_.importance_prior() > 0 &&
      !is_magnitude_ && generation == plan_.warmup_generations()) {
    StartFromWeights(theta);
  }
  proposals_.clear();
  candidates_.clear();
  front_.clear();
  front_is_new_ = false;
  saved_.Clear();
  saved_.set_stage(stage_);
  saved_.set_began(began_);
  saved_.set_controller(controller_->Save());
  if (stage_ == State::FINE_TUNING) *saved_.mutable_chosen() = choice_;
  for (const ArchiveEntry& entry : archive_.entries()) {
    *saved_.add_front() = ToProto(entry);
  }
  for (const ArchiveEntry& entry : archive_.challengers()) {
    *saved_.add_challengers() = ToProto(entry);
  }
  if (stage_ == State::FINE_TUNING) {
    encoded_.assign(n, choice_);
    return;
  }
  encoded_.assign(n, v1::Architecture());
  warms_up_ = stage_ == State::SEARCHING &&
              (is_magnitude_ || generation < plan_.warmup_generations());
  choice_ = warms_up_ ? v1::Architecture() : space_.Encode(controller_->Best());
  if (warms_up_) return;
  const uint32_t every = plan_.front_every();
  const bool is_due = stage_ == State::CHECKING ||
                      (every > 0 && generation > 0 && generation % every == 0);
  if (plan_.front_size() > 0 && is_due) {
    for (const ArchiveEntry& entry : archive_.ToEvaluate()) {
      front_.push_back(space_.Encode(entry.choices));
    }
  }
  if (stage_ == State::CHECKING) {
    candidates_.push_back(choice_);
    n = static_cast<int>(plan_.candidates());
  }
  proposals_ = controller_->Propose(generation, n);
  for (int i = 0; i < n; ++i) {
    v1::Architecture encoded = space_.Encode(proposals_[i]);
    if (stage_ == State::CHECKING) {
      candidates_.push_back(std::move(encoded));
    } else {
      encoded_[i] = std::move(encoded);
    }
  }
}

absl::Status ArchitectureSearch::Learn(
    absl::Span<const DirectionOutcome> outcomes) {
  if (stage_ != State::SEARCHING || warms_up_) return absl::OkStatus();
  CHECK_EQ(outcomes.size(), proposals_.size());
  std::vector<std::optional<Objectives>> seen(outcomes.size());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].valid) continue;
    seen[i].emplace();
    seen[i]->mean_return = (outcomes[i].plus + outcomes[i].minus) / 2;
    seen[i]->cost = Cost(encoded_[i]);
  }
  RETURN_IF_ERROR(Score(objectives_, absl::MakeSpan(seen)));
  std::vector<Trial> trials;
  for (size_t i = 0; i < seen.size(); ++i) {
    trials.push_back({proposals_[i], seen[i]});
  }
  controller_->Learn(trials);
  if (plan_.front_size() > 0) {
    for (const Trial& trial : trials) {
      if (!trial.objectives.has_value()) continue;
      archive_.Offer(trial.choices, trial.objectives->cost,
                     trial.objectives->mean_return);
    }
  }
  return absl::OkStatus();
}

void ArchitectureSearch::UpdateFront(
    absl::Span<const v1::WorkUnit> units,
    absl::Span<const v1::RolloutResult> results) {
  if (front_.empty()) return;
  archive_.Update(
      EstimateReturns(v1::WorkUnit::EVAL_FRONT, front_.size(), units, results));
  front_is_new_ = true;
}

v1::FrontEntry ArchitectureSearch::ToProto(const ArchiveEntry& entry) const {
  v1::FrontEntry proto;
  *proto.mutable_architecture() = space_.Encode(entry.choices);
  proto.set_cost(entry.cost);
  proto.set_episodes(entry.estimate.episodes);
  proto.set_mean(entry.estimate.mean);
  proto.set_std(entry.estimate.std);
  return proto;
}

absl::StatusOr<std::vector<ArchiveEntry>> ArchitectureSearch::FromProto(
    const google::protobuf::RepeatedPtrField<v1::FrontEntry>& entries) const {
  std::vector<ArchiveEntry> all;
  for (const v1::FrontEntry& entry : entries) {
    auto choices = space_.Decode(entry.architecture());
    if (!choices.ok() || !std::isfinite(entry.cost()) ||
        !std::isfinite(entry.mean()) || !std::isfinite(entry.std())) {
      return absl::DataLossError(absl::StrCat(
          "the saved search has a front with what is no architecture: ",
          entry.ShortDebugString()));
    }
    all.push_back(
        {*std::move(choices),
         entry.cost(),
         {static_cast<int>(entry.episodes()), entry.mean(), entry.std()}});
  }
  return all;
}

SearchProgress ArchitectureSearch::Describe(bool evaluates,
                                            double share_of_budget) {
  SearchProgress progress;
  progress.stage = stage_;
  const PolicyCost cost = ChoiceCost();
  progress.weights = cost.weights;
  progress.biases = cost.biases;
  progress.bits = cost.bits;
  progress.choice = choice_.encoding();
  if (front_is_new_) {
    for (const ArchiveEntry& entry : archive_.Front()) {
      progress.front.push_back(ToProto(entry));
    }
  }
  if (stage_ == State::FINE_TUNING || warms_up_) return progress;
  std::set<std::string> distinct;
  for (const v1::Architecture& proposal : encoded_) {
    progress.mean_cost += Cost(proposal) / static_cast<double>(encoded_.size());
    distinct.insert(proposal.encoding());
  }
  progress.num_distinct = static_cast<int>(distinct.size());
  if (evaluates) {
    const std::vector<std::vector<double>> probabilities =
        controller_->Probabilities();
    progress.entropy = EntropyShare(probabilities);
    progress.alarm = Alarm(*progress.entropy, share_of_budget);
    for (const std::vector<double>& decision : probabilities) {
      progress.probabilities.insert(progress.probabilities.end(),
                                    decision.begin(), decision.end());
    }
  }
  return progress;
}

std::string ArchitectureSearch::Alarm(double entropy,
                                      double share_of_budget) const {
  // A controller that keeps a single architecture has nothing to lose.
  if (first_entropy_ <= 0 || stage_ != State::SEARCHING) return "";
  const double left = entropy / first_entropy_;
  if (left < kCollapsed && share_of_budget < kTooEarly) {
    return absl::StrCat(
        "the controller has decided after ",
        static_cast<int>(100 * share_of_budget),
        " % of the budget: give it a smaller step_size or more entropy");
  }
  if (left > kUndecided && share_of_budget >= kTooLate) {
    return absl::StrCat(
        "after ", static_cast<int>(100 * share_of_budget),
        " % of the budget the controller prefers nothing: give it a larger "
        "step_size, or more directions");
  }
  return "";
}

void ArchitectureSearch::EndSearching(uint64_t next_generation,
                                      const Eigen::VectorXf& theta) {
  CHECK_EQ(stage_, State::SEARCHING);
  stage_ = State::CHECKING;
  began_ = next_generation;
  if (is_magnitude_) {
    const auto importances = policy_->Importances(theta);
    CHECK(importances.ok()) << importances.status();
    Freeze(space_.Encode(MostImportant(space_, *importances)), next_generation);
  } else if (plan_.candidates() == 0) {
    Freeze(space_.Encode(controller_->Best()), next_generation);
  }
}

void ArchitectureSearch::Choose(absl::Span<const v1::WorkUnit> units,
                                absl::Span<const v1::RolloutResult> results,
                                uint64_t next_generation) {
  CHECK_EQ(stage_, State::CHECKING);
  const std::vector<ReturnEstimate> estimates = EstimateReturns(
      v1::WorkUnit::EVAL_CANDIDATE, candidates_.size(), units, results);
  std::vector<std::optional<Objectives>> seen(candidates_.size());
  for (size_t c = 0; c < candidates_.size(); ++c) {
    if (estimates[c].episodes == 0) continue;
    seen[c].emplace();
    seen[c]->mean_return = estimates[c].lower_bound();
    seen[c]->cost = Cost(candidates_[c]);
  }
  // A product that refuses a return decides nothing: the choice stays.
  size_t best = 0;
  if (Score(objectives_, absl::MakeSpan(seen)).ok()) {
    for (size_t c = 1; c < seen.size(); ++c) {
      if (!seen[c].has_value()) continue;
      if (!seen[best].has_value() || seen[c]->score > seen[best]->score) {
        best = c;
      }
    }
  }
  Freeze(candidates_[best], next_generation);
}

void ArchitectureSearch::Freeze(v1::Architecture architecture,
                                uint64_t next_generation) {
  choice_ = std::move(architecture);
  stage_ = State::FINE_TUNING;
  began_ = next_generation;
}

absl::Status ArchitectureSearch::Restore(const v1::SearchState& state) {
  if (!State::Stage_IsValid(state.stage())) {
    return absl::DataLossError(
        absl::StrCat("the saved search is in the unknown stage ",
                     static_cast<int>(state.stage())));
  }
  if (state.stage() == State::FINE_TUNING) {
    const auto chosen = space_.Decode(state.chosen());
    if (!chosen.ok()) {
      return absl::DataLossError(
          absl::StrCat("the saved search has chosen what is no architecture: ",
                       chosen.status().message()));
    }
  }
  ASSIGN_OR_RETURN(std::vector<ArchiveEntry> front, FromProto(state.front()));
  ASSIGN_OR_RETURN(std::vector<ArchiveEntry> challengers,
                   FromProto(state.challengers()));
  RETURN_IF_ERROR(controller_->Restore(state.controller()));
  archive_.Restore(std::move(front), std::move(challengers));
  stage_ = state.stage();
  began_ = state.began();
  saved_ = state;
  if (stage_ == State::FINE_TUNING) choice_ = state.chosen();
  return absl::OkStatus();
}

}  // namespace starling
