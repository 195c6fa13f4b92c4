// The elementary functions, over arrays and one by one. Items are values.
//
//   bazel run //tests/benchmarks:math_benchmark
#include <vector>

#include "base/math.h"
#include "tests/benchmarks/measure.h"

namespace starling {
namespace {

constexpr int kSize = 1024;

// Values in (0, 8]: in the range of every function.
std::vector<float> Values(int n) {
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i) x[i] = 8.0f * (i + 1) / n;
  return x;
}

void BM_Array(benchmark::State& state,
              void (*function)(const float*, int64_t, float*)) {
  const std::vector<float> x = Values(state.range(0));
  std::vector<float> y(x.size());
  Measure(state, x.size(), [&] { function(x.data(), x.size(), y.data()); });
}
#define STARLING_BENCHMARK_ARRAY(function)                            \
  BENCHMARK_CAPTURE(                                                  \
      BM_Array, function,                                             \
      static_cast<void (*)(const float*, int64_t, float*)>(function)) \
      ->ArgName("size")                                               \
      ->Arg(16)                                                       \
      ->Arg(17)                                                       \
      ->Arg(kSize)
STARLING_BENCHMARK_ARRAY(Exp);
STARLING_BENCHMARK_ARRAY(Log);
STARLING_BENCHMARK_ARRAY(Sin);
STARLING_BENCHMARK_ARRAY(Cos);
STARLING_BENCHMARK_ARRAY(Tanh);
STARLING_BENCHMARK_ARRAY(Sigmoid);

template <typename Number>
void BM_Scalar(benchmark::State& state, Number (*function)(Number)) {
  const std::vector<float> x = Values(kSize);
  Measure(state, kSize, [&] {
    for (float value : x) benchmark::DoNotOptimize(function(value));
  });
}
BENCHMARK_CAPTURE(BM_Scalar, Exp, static_cast<float (*)(float)>(Exp));
BENCHMARK_CAPTURE(BM_Scalar, Log, static_cast<float (*)(float)>(Log));
BENCHMARK_CAPTURE(BM_Scalar, Sin, static_cast<float (*)(float)>(Sin));
BENCHMARK_CAPTURE(BM_Scalar, Tanh, static_cast<float (*)(float)>(Tanh));
BENCHMARK_CAPTURE(BM_Scalar, DoubleExp, static_cast<double (*)(double)>(Exp));
BENCHMARK_CAPTURE(BM_Scalar, DoubleLog, static_cast<double (*)(double)>(Log));

}  // namespace
}  // namespace starling
