#include "deploy/plot/curve_series.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace starling {
namespace {

using Axis = CurveOptions::Axis;
using Band = CurveOptions::Band;

void AddIfFinite(const CurvePoint& point, std::vector<CurvePoint>* points) {
  if (std::isfinite(point.x) && std::isfinite(point.y) &&
      std::isfinite(point.low) && std::isfinite(point.high)) {
    points->push_back(point);
  }
}

// Steps before each row: an evaluation is of the policy with which its
// generation began.
std::vector<double> StepsBefore(const std::vector<ProgressRow>& rows) {
  std::vector<double> steps;
  double before = 0;
  for (const ProgressRow& row : rows) {
    steps.push_back(before);
    before = static_cast<double>(row.progress.env_steps);
  }
  return steps;
}

CurvePoint TrainingPoint(const ReturnSummary& summary, double x, Band band) {
  if (band == Band::kMinMax) return {x, summary.mean, summary.min, summary.max};
  return {x, summary.mean, summary.mean - summary.std,
          summary.mean + summary.std};
}

CurveSeries OfOneRun(const RunCurve& curve, const CurveOptions& options) {
  CurveSeries series;
  series.title = curve.label;
  const std::vector<double> steps_before = StepsBefore(curve.rows);
  for (size_t i = 0; i < curve.rows.size(); ++i) {
    const Progress& progress = curve.rows[i].progress;
    const bool by_steps = options.axis == Axis::kEnvSteps;
    const auto generation = static_cast<double>(progress.generation);
    const double begin = by_steps ? steps_before[i] : generation;
    const double end =
        by_steps ? static_cast<double>(progress.env_steps) : generation;
    // The last row of a run may be an evaluation alone.
    if (progress.training.episodes > 0) {
      AddIfFinite(TrainingPoint(progress.training, end, options.band),
                  &series.training);
    }
    if (progress.fixed.has_value()) {
      const double y = progress.fixed->mean;
      AddIfFinite({begin, y, y, y}, &series.fixed);
    }
    if (progress.fresh.has_value()) {
      const double y = progress.fresh->mean;
      AddIfFinite({begin, y, y, y}, &series.fresh);
    }
  }
  return series;
}

// Of an odd number of values the middle one, else the mean of the two middle.
double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle]
                                : (values[middle - 1] + values[middle]) / 2;
}

// The k-th points of all runs become one. Runs of one kind evaluate at the same
// generations, so the k-th points belong together; where one run is shorter,
// the joint curve ends.
std::vector<CurvePoint> Join(const std::vector<CurveSeries>& runs,
                             std::vector<CurvePoint> CurveSeries::*points) {
  size_t size = (runs[0].*points).size();
  for (const CurveSeries& run : runs) {
    size = std::min(size, (run.*points).size());
  }
  std::vector<CurvePoint> joint;
  for (size_t k = 0; k < size; ++k) {
    std::vector<double> x, y;
    for (const CurveSeries& run : runs) {
      x.push_back((run.*points)[k].x);
      y.push_back((run.*points)[k].y);
    }
    const auto [low, high] = std::minmax_element(y.begin(), y.end());
    joint.push_back({Median(x), Median(y), *low, *high});
  }
  return joint;
}

CurveSeries OfManyRuns(const std::vector<const RunCurve*>& curves,
                       const CurveOptions& options) {
  std::vector<CurveSeries> runs;
  for (const RunCurve* curve : curves) {
    runs.push_back(OfOneRun(*curve, options));
  }
  CurveSeries series;
  series.num_runs = static_cast<int>(curves.size());
  series.title = absl::StrCat(curves[0]->name, ", ", series.num_runs, " seeds");
  series.training = Join(runs, &CurveSeries::training);
  series.fixed = Join(runs, &CurveSeries::fixed);
  series.fresh = Join(runs, &CurveSeries::fresh);
  return series;
}

}  // namespace

std::vector<CurveSeries> MakeSeries(absl::Span<const RunCurve> curves,
                                    const CurveOptions& options) {
  std::vector<std::vector<const RunCurve*>> groups;
  std::map<std::string, size_t> group_of_kind;
  for (const RunCurve& curve : curves) {
    const auto [entry, is_new] =
        group_of_kind.emplace(curve.kind, groups.size());
    if (is_new || !options.join_seeds) {
      groups.push_back({&curve});
    } else {
      groups[entry->second].push_back(&curve);
    }
  }
  std::vector<CurveSeries> all;
  std::map<std::string, int> num_with_title;
  for (const std::vector<const RunCurve*>& group : groups) {
    CurveSeries series = group.size() == 1 ? OfOneRun(*group[0], options)
                                           : OfManyRuns(group, options);
    const int number = ++num_with_title[series.title];
    if (number > 1) absl::StrAppend(&series.title, " (", number, ")");
    all.push_back(std::move(series));
  }
  return all;
}

}  // namespace starling
