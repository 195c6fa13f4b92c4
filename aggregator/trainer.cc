#include "aggregator/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/es/active_noise.h"
#include "aggregator/es/norm.h"
#include "aggregator/fine_tuning.h"
#include "aggregator/generation_plan.h"
#include "aggregator/result_check.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/status.h"
#include "policies/policy.h"

namespace starling {
namespace {

// Not OK, and not by the policy's doing.
bool Broke(const v1::RolloutResult& result) {
  return result.status() == v1::RolloutResult::CRASHED ||
         result.status() == v1::RolloutResult::ENV_ERROR;
}

bool IsOk(const v1::RolloutResult& result) {
  return result.status() == v1::RolloutResult::OK;
}

// Mean over the episodes of return - shift * length.
double Fitness(const v1::RolloutResult& result, double shift) {
  double sum = 0;
  for (int e = 0; e < result.returns_size(); ++e) {
    sum += result.returns(e) - shift * result.lengths(e);
  }
  return sum / result.returns_size();
}

double Length(const Eigen::VectorXf& theta) {
  return Norm(absl::MakeConstSpan(theta.data(), theta.size()));
}

// For the messages of limits.
std::string Describe(const v1::WorkUnit& unit,
                     const v1::RolloutResult& result) {
  return absl::StrCat("unit ", unit.index(), " (",
                      v1::WorkUnit::Kind_Name(unit.kind()), ", direction ",
                      unit.direction(), ", sign ", unit.sign(), ", seed ",
                      unit.episode_seed(),
                      "): ", v1::RolloutResult::Status_Name(result.status()),
                      result.detail().empty() ? "" : ", ", result.detail());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(
    const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
    int threads) {
  CHECK_GE(threads, 1);
  const v1::Budget& budget = experiment.budget();
  if (budget.generations() == 0 && budget.env_steps() == 0) {
    return absl::InvalidArgumentError(
        "the run would never end: set budget.generations or budget.env_steps");
  }
  if (budget.generations() > kMaxGenerations) {
    return absl::InvalidArgumentError(
        absl::StrCat("budget.generations must be at most ", kMaxGenerations,
                     ", got ", budget.generations()));
  }

  ASSIGN_OR_RETURN(std::unique_ptr<Policy> policy,
                   PolicyRegistry::Make(experiment.policy(), env_spec));
  RETURN_IF_ERROR(policy->SetArchitecture(experiment.architecture()));
  Eigen::VectorXf initial = Eigen::VectorXf::Zero(policy->num_parameters());
  policy->InitialParameters(
      Rng(DeriveSeed(experiment.seed(), Stream::kPolicyInit, 0, 0, 0)),
      initial);
  ASSIGN_OR_RETURN(std::unique_ptr<Strategy> strategy,
                   StrategyRegistry::Make(experiment.strategy(), initial));
  ASSIGN_OR_RETURN(std::unique_ptr<Noise> noise,
                   Noise::Create(strategy->noise_config(), experiment.seed(),
                                 policy->layout()));
  std::unique_ptr<ArchitectureSearch> search;
  if (ArchitectureSearch::IsWanted(experiment)) {
    ASSIGN_OR_RETURN(search,
                     ArchitectureSearch::Create(experiment, std::move(policy)));
  }
  auto trainer = std::unique_ptr<Trainer>(
      new Trainer(experiment, env_spec, threads, std::move(strategy),
                  std::move(noise), std::move(search)));
  // That the strategy of a later stage fits is known now, not hours later.
  if (trainer->search_ != nullptr) {
    const absl::StatusOr<std::unique_ptr<Strategy>> later =
        StrategyRegistry::Make(FineTuningStrategy(experiment), initial);
    if (!later.ok()) {
      return absl::Status(later.status().code(),
                          absl::StrCat("search.fine_tune_strategy: ",
                                       later.status().message()));
    }
  }
  return trainer;
}

Trainer::Trainer(const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
                 int threads, std::unique_ptr<Strategy> strategy,
                 std::unique_ptr<Noise> noise,
                 std::unique_ptr<ArchitectureSearch> search)
    : experiment_(experiment),
      env_spec_(env_spec),
      threads_(threads),
      strategy_(std::move(strategy)),
      noise_(std::move(noise)),
      search_(std::move(search)),
      moments_(experiment.normalizer().enabled()
                   ? static_cast<int>(env_spec.state_size())
                   : 0) {
  BeginGeneration();
}

bool Trainer::BudgetIsUsed() const {
  const v1::Budget& budget = experiment_.budget();
  return generation_ >= kMaxGenerations ||
         (budget.generations() > 0 && generation_ >= budget.generations()) ||
         (budget.env_steps() > 0 && env_steps_ >= budget.env_steps());
}

double Trainer::ShareOfBudget() const {
  const v1::Budget& budget = experiment_.budget();
  double share = 0;
  if (budget.generations() > 0) {
    share = static_cast<double>(generation_) /
            static_cast<double>(budget.generations());
  }
  if (budget.env_steps() > 0) {
    share = std::max(share, static_cast<double>(env_steps_) /
                                static_cast<double>(budget.env_steps()));
  }
  return std::min(share, 1.0);
}

bool Trainer::IsChecking() const {
  return search_ != nullptr && search_->stage() == v1::SearchState::CHECKING;
}

bool Trainer::IsLast() const {
  if (search_ == nullptr) return BudgetIsUsed();
  return search_->stage() == v1::SearchState::FINE_TUNING &&
         (generation_ >= kMaxGenerations ||
          generation_ - search_->stage_began() >=
              experiment_.search().fine_tune_generations());
}

absl::StatusOr<std::unique_ptr<Strategy>> Trainer::MakeStrategy(
    v1::SearchState::Stage stage, const Eigen::VectorXf& mean) const {
  return StrategyRegistry::Make(stage == v1::SearchState::FINE_TUNING
                                    ? FineTuningStrategy(experiment_)
                                    : experiment_.strategy(),
                                mean);
}

absl::Status Trainer::EnterStage(absl::Span<const v1::RolloutResult> results) {
  if (search_ == nullptr) return absl::OkStatus();
  if (IsChecking()) {
    search_->Choose(units_, results, generation_);
  } else if (search_->stage() == v1::SearchState::SEARCHING && BudgetIsUsed()) {
    search_->EndSearching(generation_, strategy_->distribution().mean);
  } else {
    return absl::OkStatus();
  }
  if (search_->stage() != v1::SearchState::FINE_TUNING) return absl::OkStatus();
  // What was best with another architecture is no longer an answer.
  best_.reset();
  ASSIGN_OR_RETURN(strategy_, MakeStrategy(v1::SearchState::FINE_TUNING,
                                           strategy_->distribution().mean));
  return absl::OkStatus();
}

void Trainer::SetChoice(const v1::Architecture& choice) {
  state_.clear_choice();
  if (!choice.encoding().empty()) *state_.mutable_choice() = choice;
}

void Trainer::BeginGeneration() {
  const SearchDistribution& distribution = strategy_->distribution();
  state_.Clear();
  state_.set_generation(generation_);
  state_.mutable_distribution()->mutable_mean()->Assign(
      distribution.mean.data(),
      distribution.mean.data() + distribution.mean.size());
  state_.mutable_distribution()->set_sigma(distribution.sigma);
  *state_.mutable_moments() = moments_.ToProto();

  units_.clear();
  SetChoice(search_ != nullptr ? search_->choice()
                               : experiment_.architecture());
  if (finished_) return;
  const uint32_t every = experiment_.evaluation().every();
  const bool is_last = IsLast();
  GenerationPlan plan;
  plan.generation = generation_;
  plan.num_directions =
      is_last || IsChecking() ? 0 : strategy_->num_directions();
  plan.evaluates =
      is_last || (!IsChecking() && every > 0 && generation_ % every == 0);
  plan.keeps_moments = moments_.size() > 0;
  plan.choice = experiment_.architecture();
  std::vector<v1::Architecture> same;
  if (search_ != nullptr) {
    search_->Begin(generation_, plan.num_directions, distribution.mean);
    plan.choice = search_->choice();
    plan.proposals = search_->proposals();
    plan.candidates = search_->candidates();
    plan.candidate_episodes =
        static_cast<int>(experiment_.search().candidate_episodes());
    plan.front = search_->front();
    plan.front_episodes =
        static_cast<int>(experiment_.search().front_episodes());
    if (search_->is_sampling()) {
      plan.num_sampled =
          std::min(static_cast<int>(experiment_.search().sampled_episodes()),
                   plan.num_directions);
    }
  } else if (!plan.choice.encoding().empty()) {
    same.assign(plan.num_directions, plan.choice);
    plan.proposals = same;
  }
  units_ = PlanUnits(experiment_, plan);
  SetChoice(plan.choice);
}

absl::StatusOr<Progress> Trainer::Advance(
    absl::Span<const v1::RolloutResult> results) {
  CHECK(!finished_);
  CHECK_EQ(results.size(), units_.size());
  Progress progress;
  progress.generation = generation_;
  for (size_t i = 0; i < results.size(); ++i) {
    const absl::Status status = CheckResult(units_[i], results[i], env_spec_);
    CHECK(status.ok()) << status;
    progress.failed_units += !IsOk(results[i]);
  }
  RETURN_IF_ERROR(CheckLimits(results));

  if (search_ != nullptr) search_->UpdateFront(units_, results);
  const bool is_last = IsLast();
  if (!is_last && !IsChecking()) RETURN_IF_ERROR(Learn(results, &progress));
  Judge(results, &progress);
  progress.theta_norm = Length(strategy_->distribution().mean);
  progress.sigma = strategy_->distribution().sigma;
  progress.env_steps = env_steps_;
  progress.episodes = episodes_;

  if (is_last) {
    finished_ = true;
  } else {
    ++generation_;
    RETURN_IF_ERROR(EnterStage(results));
  }
  BeginGeneration();
  return progress;
}

absl::Status Trainer::CheckLimits(
    absl::Span<const v1::RolloutResult> results) const {
  const char* const unchanged =
      search_ == nullptr ? "The parameters are unchanged."
                         : "Parameters and controller are unchanged.";
  size_t broken = 0, missing_pairs = 0, pairs = 0;
  std::string first_broken, first_missing;
  for (size_t i = 0; i < results.size(); ++i) {
    if (Broke(results[i]) && broken++ == 0) {
      first_broken = Describe(units_[i], results[i]);
    }
    if (units_[i].sign() <= 0) continue;
    // The half with the other sign comes next.
    ++pairs;
    const size_t failed = IsOk(results[i]) ? i + 1 : i;
    if (!IsOk(results[failed]) && missing_pairs++ == 0) {
      first_missing = Describe(units_[failed], results[failed]);
    }
  }
  // A single failure is no rate.
  if (broken > 1 && broken * 20 > results.size()) {
    return absl::AbortedError(absl::StrCat(
        "generation ", generation_, ": ", broken, " of ", results.size(),
        " units crashed or had environment errors; the limit is 5 %. ",
        unchanged, " First: ", first_broken));
  }
  if (missing_pairs * 5 > pairs * 2) {
    return absl::AbortedError(absl::StrCat(
        "generation ", generation_, ": ", missing_pairs, " of ", pairs,
        " antithetic pairs are missing, since a half of each failed; the limit "
        "is 40 %. ",
        unchanged,
        " Policies that diverge need a smaller strategy sigma or a tamer "
        "environment. First: ",
        first_missing));
  }
  return absl::OkStatus();
}

std::vector<DirectionOutcome> Trainer::Outcomes(
    absl::Span<const v1::RolloutResult> results) const {
  const double shift = experiment_.rollout().reward_shift();
  std::vector<DirectionOutcome> outcomes(strategy_->num_directions());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const v1::RolloutResult& plus = results[2 * i];
    const v1::RolloutResult& minus = results[2 * i + 1];
    outcomes[i] = {false, 0, 0};
    if (IsOk(plus) && IsOk(minus)) {
      outcomes[i] = {true, Fitness(plus, shift), Fitness(minus, shift)};
    }
  }
  return outcomes;
}

absl::Status Trainer::Learn(absl::Span<const v1::RolloutResult> results,
                            Progress* progress) {
  const std::vector<DirectionOutcome> outcomes = Outcomes(results);
  std::optional<ActiveNoise> active;
  if (search_ != nullptr) {
    if (search_->is_sampling() && experiment_.search().mask_gradient()) {
      active.emplace(*noise_, search_->ActiveParameters());
    }
    // Of this generation's distribution, before it moves.
    progress->search =
        search_->Describe(units_.back().sign() == 0, ShareOfBudget());
    const absl::Status status = search_->Learn(outcomes);
    if (!status.ok()) {
      return absl::AbortedError(
          absl::StrCat("generation ", generation_, ": ", status.message()));
    }
  }
  const absl::Status told = strategy_->Tell(active ? *active : *noise_,
                                            generation_, outcomes, threads_);
  if (!told.ok()) {
    if (search_ != nullptr) {
      const v1::SearchState before = search_->Save();
      RETURN_IF_ERROR(search_->Restore(before));
    }
    return told;
  }
  for (const DirectionOutcome& outcome : outcomes) {
    progress->dropped_pairs += !outcome.valid;
  }
  progress->update_norm = strategy_->last_update_norm();
  progress->flat_fitness = strategy_->flat_fitness();
  progress->training = Summarize(units_, results, v1::WorkUnit::TRAIN);

  // A half whose partner failed has seen what it has seen: its moments and
  // steps count.
  for (size_t i = 0; i < results.size(); ++i) {
    if (units_[i].kind() != v1::WorkUnit::TRAIN || !IsOk(results[i])) continue;
    for (const uint32_t length : results[i].lengths()) env_steps_ += length;
    episodes_ += results[i].lengths_size();
    if (!units_[i].keep_moments()) continue;
    const auto moments =
        Moments::FromProto(results[i].observations(), moments_.size());
    CHECK(moments.ok()) << moments.status();
    moments_.Merge(*moments);
  }
  return absl::OkStatus();
}

void Trainer::Judge(absl::Span<const v1::RolloutResult> results,
                    Progress* progress) {
  if (search_ != nullptr && !progress->search.has_value()) {
    progress->search = search_->Describe(/*evaluates=*/true, ShareOfBudget());
  }
  if (units_.back().kind() == v1::WorkUnit::TRAIN || IsChecking()) return;
  if (search_ != nullptr && search_->is_sampling()) {
    progress->search->sampled =
        Summarize(units_, results, v1::WorkUnit::EVAL_SAMPLED);
  }
  progress->fixed = Summarize(units_, results, v1::WorkUnit::EVAL_FIXED);
  if (experiment_.evaluation().fresh_episodes() > 0) {
    progress->fresh = Summarize(units_, results, v1::WorkUnit::EVAL_FRESH);
  }
  if (progress->fixed->episodes == 0) return;
  if (search_ != nullptr && !search_->may_be_best()) return;
  if (best_.has_value() && progress->fixed->mean <= best_->fixed_return()) {
    return;
  }
  // The fixed seeds choose, and so flatter; the fresh ones say what was chosen.
  progress->new_best = true;
  best_.emplace();
  best_->set_generation(generation_);
  *best_->mutable_mean() = state_.distribution().mean();
  *best_->mutable_moments() = state_.moments();
  if (state_.has_choice()) *best_->mutable_architecture() = state_.choice();
  best_->set_fixed_return(progress->fixed->mean);
  if (progress->fresh.has_value() && progress->fresh->episodes > 0) {
    best_->set_fresh_return(progress->fresh->mean);
  }
}

}  // namespace starling
