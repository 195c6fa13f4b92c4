#include "workers/policy_evaluation.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/status.h"
#include "workers/evaluator.h"
#include "workers/student_t.h"

namespace starling {
namespace {

constexpr int kMaxThreads = 1024;

// `returns` and `lengths` are in; the rest follows. At least one return.
void Summarize(PolicyEvaluation* evaluation) {
  const std::vector<double>& returns = evaluation->returns;
  const int n = static_cast<int>(returns.size());
  evaluation->episodes = n;
  double sum = 0, sum_of_lengths = 0;
  for (const double value : returns) sum += value;
  for (const uint32_t length : evaluation->lengths) sum_of_lengths += length;
  evaluation->mean = sum / n;
  evaluation->mean_length = sum_of_lengths / n;
  evaluation->min = *std::min_element(returns.begin(), returns.end());
  evaluation->max = *std::max_element(returns.begin(), returns.end());
  evaluation->ci95 = std::numeric_limits<double>::infinity();
  if (n == 1) return;
  double squares = 0;
  for (const double value : returns) {
    squares += (value - evaluation->mean) * (value - evaluation->mean);
  }
  evaluation->std = std::sqrt(squares / (n - 1));
  evaluation->ci95 = StudentT975(n - 1) * evaluation->std / std::sqrt(n);
}

}  // namespace

absl::StatusOr<PolicyEvaluation> EvaluatePolicy(
    const v1::Experiment& experiment, const v1::PolicyState& state,
    int episodes, uint64_t seed, int threads) {
  if (episodes < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("episodes must be >= 1, got ", episodes));
  }
  if (threads < 1 || threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrCat("threads must be 1 to ", kMaxThreads, ", got ", threads));
  }
  threads = std::min(threads, episodes);

  v1::Experiment evaluated;
  *evaluated.mutable_env() = experiment.env();
  *evaluated.mutable_policy() = experiment.policy();
  *evaluated.mutable_normalizer() = experiment.normalizer();
  const auto shared_state = std::make_shared<const v1::PolicyState>(state);
  std::vector<std::unique_ptr<Evaluator>> evaluators;
  for (int i = 0; i < threads; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<Evaluator> evaluator,
                     Evaluator::Create(evaluated));
    evaluator->SetState(shared_state);
    evaluators.push_back(std::move(evaluator));
  }

  // Each thread takes the next episode; results go by index.
  std::vector<v1::RolloutResult> results(episodes);
  std::atomic<int> next{0};
  ParallelFor(threads, threads, /*grain=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int j = next++; j < episodes; j = next++) {
        v1::WorkUnit unit;
        unit.set_generation(state.generation());
        unit.set_kind(v1::WorkUnit::EVAL_FRESH);
        unit.set_episode_seed(DeriveSeed(seed, Stream::kEvaluation, 0, 2, j));
        unit.set_episodes(1);
        *unit.mutable_architecture() = state.choice();
        results[j] = evaluators[i]->Evaluate(unit);
      }
    }
  });

  PolicyEvaluation evaluation;
  std::string why_diverged;
  for (const v1::RolloutResult& result : results) {
    if (result.status() == v1::RolloutResult::DIVERGED) {
      if (evaluation.diverged++ == 0) why_diverged = result.detail();
    } else if (result.status() != v1::RolloutResult::OK) {
      return absl::InvalidArgumentError(result.detail());
    } else {
      evaluation.returns.push_back(result.returns(0));
      evaluation.lengths.push_back(result.lengths(0));
    }
  }
  if (evaluation.returns.empty()) {
    return absl::AbortedError(
        absl::StrCat("all ", episodes,
                     " episodes diverged, so there is no return; the first: ",
                     why_diverged));
  }
  Summarize(&evaluation);
  return evaluation;
}

}  // namespace starling
