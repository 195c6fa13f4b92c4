#include "deploy/run/search_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "base/human.h"
#include "base/resolve.h"
#include "base/status.h"
#include "deploy/run/pareto_csv.h"
#include "policies/policy.h"

namespace starling {
namespace {

// A share of what there was.
std::string Left(int64_t now, int64_t before) {
  if (before == 0) return "";
  return absl::StrFormat(
      ", %.1f %% of %s",
      100.0 * static_cast<double>(now) / static_cast<double>(before),
      HumanCount(before));
}

absl::StatusOr<v1::Checkpoint> LoadNewest(const std::string& run) {
  ASSIGN_OR_RETURN(const CheckpointStore store,
                   CheckpointStore::Open(RunPaths(run).checkpoints,
                                         CheckpointStore::Access::kReader));
  return store.LoadNewest(nullptr);
}

}  // namespace

absl::StatusOr<v1::Experiment> RetrainingOf(const std::string& run) {
  ASSIGN_OR_RETURN(const v1::Checkpoint checkpoint, LoadNewest(run));
  v1::Experiment experiment = checkpoint.experiment();
  experiment.set_name(
      absl::StrCat(experiment.name().substr(0, 55), "_retrain"));
  experiment.clear_controller();
  experiment.clear_objectives();
  experiment.clear_search();
  *experiment.mutable_architecture() = checkpoint.best().architecture();
  return Resolve(std::move(experiment));
}

absl::StatusOr<std::string> ReportSearch(const std::string& run) {
  ASSIGN_OR_RETURN(const v1::Checkpoint checkpoint, LoadNewest(run));
  const v1::BestPolicy& best = checkpoint.best();
  ASSIGN_OR_RETURN(const std::unique_ptr<Policy> policy,
                   PolicyRegistry::Make(checkpoint.experiment().policy(),
                                        checkpoint.env_spec()));
  const PolicyCost whole = policy->Cost();
  RETURN_IF_ERROR(policy->SetArchitecture(best.architecture()));
  const PolicyCost cost = policy->Cost();
  std::string text = "The search has chosen:\n";
  absl::StrAppend(
      &text, "  parameters     ", cost.weights + cost.biases, " (",
      cost.weights, " weights, ", cost.biases, " biases)",
      Left(cost.weights + cost.biases, whole.weights + whole.biases), "\n");
  absl::StrAppend(&text, "  multiply-adds  ", cost.multiply_adds,
                  Left(cost.multiply_adds, whole.multiply_adds), "\n");
  absl::StrAppend(&text, "  bits           ", HumanCount(cost.bits),
                  Left(cost.bits, whole.bits), "\n");
  absl::StrAppend(&text, "  return         ",
                  absl::StrFormat("%.6g", best.fixed_return()),
                  " on the seeds that chose the best generation, ",
                  best.generation(), "\n");
  if (best.has_fresh_return()) {
    absl::StrAppend(&text, "                 ",
                    absl::StrFormat("%.6g", best.fresh_return()),
                    " on fresh ones\n");
  }
  if (!best.architecture().encoding().empty()) {
    ASSIGN_OR_RETURN(const Choices choices,
                     policy->search_space().Decode(best.architecture()));
    absl::StrAppend(&text, "  architecture   ",
                    policy->search_space().Text(choices), "\n");
  }
  if (checkpoint.search().front().empty()) return text;
  absl::StrAppend(&text, "The front, with the weights that all share (in ",
                  kParetoFile, "):\n        cost     return  95 %\n");
  double best_so_far = -std::numeric_limits<double>::infinity();
  for (const v1::FrontEntry& entry : checkpoint.search().front()) {
    const double bound =
        entry.mean() - entry.std() / std::sqrt(std::max(entry.episodes(), 1u));
    if (bound <= best_so_far) continue;
    best_so_far = bound;
    absl::StrAppendFormat(&text, "  %10.6g %10.6g  +-%.4g\n", entry.cost(),
                          entry.mean(), HalfWidth95(entry));
  }
  return text;
}

}  // namespace starling
