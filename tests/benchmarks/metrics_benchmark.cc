// What counting costs each result and each call, and what a page costs.
//
//   bazel run //tests/benchmarks:metrics_benchmark
#include <benchmark/benchmark.h>

#include <chrono>

#include "aggregator/metrics.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

Metrics& SharedMetrics() {
  static auto* metrics = new Metrics;
  return *metrics;
}

// Of one result: its unit's duration.
void BM_ObserveUnit(benchmark::State& state) {
  for (auto _ : state) SharedMetrics().ObserveUnit(milliseconds(700));
}
BENCHMARK(BM_ObserveUnit);

// Of one call, from as many threads as call at once.
void BM_ObserveRpc(benchmark::State& state) {
  for (auto _ : state) {
    SharedMetrics().ObserveRpc(Metrics::Rpc::kWork, milliseconds(3),
                               absl::StatusCode::kOk);
  }
}
BENCHMARK(BM_ObserveRpc)->Threads(1)->Threads(2)->Threads(4);

void BM_Page(benchmark::State& state) {
  const Snapshot snapshot;
  size_t bytes = 0;
  for (auto _ : state) bytes = SharedMetrics().Text(snapshot).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_Page);

}  // namespace
}  // namespace starling
