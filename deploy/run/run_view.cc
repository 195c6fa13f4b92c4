#include "deploy/run/run_view.h"

#include "aggregator/generation_plan.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

ProgressView::Search ViewOf(const SearchProgress& search) {
  ProgressView::Search view;
  view.parameters = search.weights + search.biases;
  switch (search.stage) {
    case v1::SearchState::CHECKING:
      view.stage = "checking candidates";
      break;
    case v1::SearchState::FINE_TUNING:
      view.stage = "fine-tuning";
      return view;
    default:
      view.stage = search.num_distinct > 0 ? "searching" : "warming up";
      break;
  }
  if (search.num_distinct > 0) view.mean_cost = search.mean_cost;
  view.entropy = search.entropy;
  if (search.sampled.has_value()) view.sampled = search.sampled->mean;
  return view;
}

}  // namespace

RunView::RunView(const v1::Experiment& experiment,
                 const std::atomic<uint64_t>* failed_units)
    : experiment_(experiment),
      failed_units_(failed_units),
      began_(Clock::now()) {}

ProgressView RunView::Of(const Snapshot& snapshot) {
  if (!first_generation_.has_value()) first_generation_ = snapshot.generation;
  ProgressView view;
  view.name = experiment_.name();
  view.generation = snapshot.generation;
  view.generations = NumGenerations(experiment_);
  view.env_step_budget = experiment_.budget().env_steps();
  if (snapshot.search.has_value()) {
    view.search = ViewOf(*snapshot.search);
  }
  if (snapshot.last.has_value()) {
    view.env_steps = snapshot.last->env_steps;
    view.return_mean = snapshot.last->training.mean;
    if (snapshot.last->training.episodes == 0) view.return_mean.reset();
  }
  view.return_best = snapshot.best_return;
  if (snapshot.fresh.has_value()) view.return_eval = snapshot.fresh->mean;
  view.history = snapshot.history;
  view.steps_per_s = snapshot.steps_per_second;
  view.workers_active = snapshot.workers;
  view.workers_lost = snapshot.workers_lost;
  view.units_done = snapshot.units_done;
  view.units_outstanding = snapshot.units_outstanding;
  view.units_failed = *failed_units_;
  view.checkpoint_age_s = snapshot.checkpoint_age_s;
  view.elapsed_s = snapshot.elapsed_s;
  view.eta_s = Remaining(snapshot);
  view.warnings = snapshot.warnings;
  return view;
}

std::optional<double> RunView::Remaining(const Snapshot& snapshot) const {
  const uint64_t total = NumGenerations(experiment_);
  const uint64_t done = snapshot.generation - *first_generation_;
  if (total == 0 || done == 0 || snapshot.generation > total) return {};
  const double seconds =
      std::chrono::duration<double>(Clock::now() - began_).count();
  return seconds / done * (total - snapshot.generation);
}

}  // namespace starling
