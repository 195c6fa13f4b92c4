// What an Act takes on this machine, by what the policy consists of.
#ifndef STARLING_DEPLOY_BENCH_LATENCY_BENCH_H_
#define STARLING_DEPLOY_BENCH_LATENCY_BENCH_H_

#include <vector>

#include "absl/status/statusor.h"
#include "proto/search.pb.h"

namespace starling {

struct LatencyRow {
  int multiply_adds = 0;
  int units = 0;
  double measured_ns = 0;
  // By the table.
  double fitted_ns = 0;
};

struct LatencyBench {
  v1::LatencyTable table;
  std::vector<LatencyRow> rows;
};

// Times sparse policies of many sizes, for about `seconds` > 0 in all, and fits
// base + a multiply-adds + b units by least squares. Times are medians, of one
// thread. InvalidArgument if `seconds` is out of range.
absl::StatusOr<LatencyBench> MeasureLatency(double seconds);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_LATENCY_BENCH_H_
