// Sums, dot products and small matrix-vector products. Items are numbers added
// up.
//
//   bazel run //tests/benchmarks:linalg_benchmark
#include <vector>

#include "base/linalg.h"
#include "tests/benchmarks/measure.h"

namespace starling {
namespace {

void BM_Sum(benchmark::State& state) {
  const std::vector<float> x(state.range(0), 0.5f);
  Measure(state, x.size(),
          [&] { benchmark::DoNotOptimize(Sum(x.data(), x.size())); });
}
BENCHMARK(BM_Sum)->ArgName("size")->Arg(17)->Arg(256);

void BM_Dot(benchmark::State& state) {
  const std::vector<float> x(state.range(0), 0.5f);
  Measure(state, x.size(),
          [&] { benchmark::DoNotOptimize(Dot(x.data(), x.data(), x.size())); });
}
BENCHMARK(BM_Dot)->ArgName("size")->Arg(17)->Arg(256);

void BM_Gemv(benchmark::State& state) {
  const int rows = state.range(0), cols = state.range(1);
  const std::vector<float> a(rows * cols, 0.5f), x(cols, 0.25f);
  std::vector<float> y(rows);
  Measure(state, a.size(),
          [&] { Gemv(a.data(), x.data(), rows, cols, false, y.data()); });
}
BENCHMARK(BM_Gemv)
    ->ArgNames({"rows", "cols"})
    ->Args({6, 17})
    ->Args({16, 16})
    ->Args({32, 17})
    ->Args({64, 64})
    ->Args({256, 256});

}  // namespace
}  // namespace starling
