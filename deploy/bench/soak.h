// Does anything grow? A run with real processes for a long time, workers killed
// and replaced all the while, under observation from outside.
#ifndef STARLING_DEPLOY_BENCH_SOAK_H_
#define STARLING_DEPLOY_BENCH_SOAK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace starling {

struct SoakOptions {
  // Path of the program `starling`.
  std::string program;
  double seconds = 60;
  // Worker processes: the first lives on, the others are killed (SIGKILL) and
  // replaced in turn, one every `churn_s`. >= 2.
  int workers = 4;
  int slots = 1;
  double churn_s = 5;
  double sample_s = 10;
  // Where the run is kept meanwhile.
  std::string folder = ".";
  // A file for the samples, as they are taken. Empty: none.
  std::string csv;
};

// What one process uses.
struct ProcessSample {
  double rss_mib = 0;
  int files = 0;
  int threads = 0;
};

struct SoakSample {
  double time_s = 0;
  uint64_t units = 0;
  ProcessSample aggregator, worker;
};

// How a process's use went after the warm-up, the first quarter of the time.
struct ProcessTrend {
  // Of a least-squares line; NaN with fewer than two samples.
  double rss_slope_mib_per_10_min = 0;
  double rss_mib = 0;  // the last
  int files_min = 0, files_max = 0;
  int threads_min = 0, threads_max = 0;
};

struct SoakReport {
  double seconds = 0;
  // Training units in the run's update.
  uint64_t units = 0;
  int kills = 0;
  int samples = 0;
  ProcessTrend aggregator;
  // The worker that lives on.
  ProcessTrend worker;
  // Warnings in the aggregator's log that a checkpoint could not be written.
  int failed_checkpoints = 0;
};

// NaN with fewer than two different x.
double LeastSquaresSlope(absl::Span<const double> x,
                         absl::Span<const double> y);

// Of samples from `warm_up_s` on.
ProcessTrend TrendOf(absl::Span<const SoakSample> samples, double warm_up_s,
                     ProcessSample SoakSample::* process);

// `on_sample` is called after each sample. InvalidArgument: a number out of
// range; NotFound: no folder; Unavailable: the program or the file can't be
// used; Internal: the aggregator or the first worker ended by itself, or did
// not end as it should.
absl::StatusOr<SoakReport> Soak(
    const SoakOptions& options,
    const std::function<void(const SoakSample&)>& on_sample);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_SOAK_H_
