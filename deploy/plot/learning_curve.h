// Learning curves: returns against environment steps, of one run or of several
// side by side.
//
// Drawn are, for each run, the mean return of its training episodes as a line
// with a band around it, and the evaluations of the unperturbed policy as
// points: filled on the seeds that are the same each time, open on fresh ones.
// Runs that differ in nothing but name and seed are joined to one curve: the
// median over the seeds, with a band from the least to the largest.
#ifndef STARLING_DEPLOY_PLOT_LEARNING_CURVE_H_
#define STARLING_DEPLOY_PLOT_LEARNING_CURVE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aggregator/run_store.h"
#include "deploy/plot/gnuplot.h"

namespace starling {

struct CurveOptions {
  enum class Axis { kEnvSteps, kGenerations };
  enum class Band { kStd, kMinMax };

  Axis axis = Axis::kEnvSteps;
  // What surrounds the training mean of a single run.
  Band band = Band::kStd;
  bool join_seeds = true;
  // Pixels, each >= 200.
  int width = 1200;
  int height = 800;
};

// One run's data.
struct RunCurve {
  // "swing, seed 7"
  std::string label;
  std::string name;
  std::string env;
  // Equal for runs that differ in nothing but name and seed.
  std::string kind;
  // By generation.
  std::vector<ProgressRow> rows;
};

// NotFound: no run directory, or no generation of it is finished yet; else as
// OpenRunForReading.
absl::StatusOr<RunCurve> ReadCurve(const std::string& run);

// The gnuplot script that draws the picture to standard output; at least one
// curve.
std::string CurveScript(absl::Span<const RunCurve> curves,
                        const CurveOptions& options, PictureFormat format);

// Reads the runs and writes the picture. Errors of ReadCurve, RunGnuplot and
// WriteFileAtomically; InvalidArgument for another extension of `out` than .png
// or .svg, or no run at all.
absl::Status PlotLearningCurves(absl::Span<const std::string> runs,
                                const std::string& out,
                                const CurveOptions& options);

}  // namespace starling

#endif  // STARLING_DEPLOY_PLOT_LEARNING_CURVE_H_
