// What a person sees of a run: one block that refreshes in place on a terminal,
// one line a generation elsewhere.
//
// Pure functions of a ProgressView, so they are tested as text;
// progress_painter puts them on a screen. Knows nothing of trainers and
// networks. Thread-safe.
#ifndef STARLING_AGGREGATOR_PROGRESS_VIEW_H_
#define STARLING_AGGREGATOR_PROGRESS_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace starling {

// A run at one moment. Unknown numbers stay empty and are left out.
struct ProgressView {
  std::string name;
  // Generations that are complete, and how many there will be; 0: no such
  // limit, then `env_steps` of `env_step_budget` say how far the run is.
  uint64_t generation = 0;
  uint64_t generations = 0;
  uint64_t env_steps = 0;
  uint64_t env_step_budget = 0;

  // Returns: of the last generation's training episodes, the best evaluation
  // so far, and the last evaluation on fresh seeds.
  std::optional<double> return_mean;
  std::optional<double> return_best;
  std::optional<double> return_eval;
  // Mean training return of every generation so far, oldest first.
  std::vector<double> history;

  // A search: what it does now ("searching"), live parameters of the policy
  // that it would choose, mean cost of proposals, how undecided the controller
  // is (a share), and the mean return of proposals.
  struct Search {
    std::string stage;
    int64_t parameters = 0;
    std::optional<double> mean_cost;
    std::optional<double> entropy;
    std::optional<double> sampled;
  };
  std::optional<Search> search;

  double steps_per_s = 0;
  int workers_active = 0;
  int workers_lost = 0;
  int units_done = 0;
  int units_outstanding = 0;
  // Evaluations that failed, in the generations since this start.
  uint64_t units_failed = 0;
  // Since the newest durable checkpoint.
  std::optional<double> checkpoint_age_s;
  double elapsed_s = 0;
  std::optional<double> eta_s;
  // Newest last; the block shows the newest three.
  std::vector<std::string> warnings;
};

// The block: lines of at most `width` columns (at least 20), each ending in
// '\n'. Without `color` no escape sequences. Control characters in names and
// warnings are shown as '?'.
std::string RenderBlock(const ProgressView& view, int width, bool color);

// One line for a log, without a line end: the last complete generation.
std::string RenderLine(const ProgressView& view);

// `values` as `columns` block characters at most, scaled to their own range:
// the newest value last; where there are more values than columns, each column
// is the mean of its share. Values that are not finite are blank.
std::string Sparkline(absl::Span<const double> values, int columns);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_PROGRESS_VIEW_H_
