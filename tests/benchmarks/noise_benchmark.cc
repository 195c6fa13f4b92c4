// Random numbers and directions. Items are numbers; of a weighted sum, elements
// of directions: n d.
//
//   bazel run //tests/benchmarks:noise_benchmark
#include <vector>

#include "base/noise.h"
#include "base/rng.h"
#include "tests/benchmarks/measure.h"

namespace starling {
namespace {

void BM_FillNormals(benchmark::State& state) {
  std::vector<float> z(state.range(0));
  uint32_t direction = 0;
  Measure(state, z.size(), [&] {
    FillNormals(1, Stream::kPerturbation, 0, direction++, 0, z.size(),
                z.data());
  });
}
BENCHMARK(BM_FillNormals)->ArgName("size")->Arg(17)->Arg(256)->Arg(10000);

void BM_FillNormalsScalar(benchmark::State& state) {
  std::vector<float> z(1000);
  Measure(state, z.size(), [&] {
    FillNormalsScalar(1, Stream::kPerturbation, 0, 0, 0, z.size(), z.data());
  });
}
BENCHMARK(BM_FillNormalsScalar);

void BM_RngNormal(benchmark::State& state) {
  Rng rng(1);
  Measure(state, 1, [&] { benchmark::DoNotOptimize(rng.Normal()); });
}
BENCHMARK(BM_RngNormal);

void BM_RngUniform(benchmark::State& state) {
  Rng rng(1);
  Measure(state, 1, [&] { benchmark::DoNotOptimize(rng.Uniform()); });
}
BENCHMARK(BM_RngUniform);

void BM_WeightedSum(benchmark::State& state) {
  const int parameters = state.range(0);
  const std::vector<double> weights(state.range(1), 0.5);
  const int threads = state.range(2);
  const auto noise = *Noise::Create({}, 1, {{"theta", 0, parameters, 1}});
  Eigen::VectorXd sum(parameters);
  uint64_t generation = 0;
  for (auto _ : state) {
    noise->WeightedSum(generation++, weights, threads, sum);
  }
  state.SetItemsProcessed(state.iterations() * parameters * weights.size());
}
BENCHMARK(BM_WeightedSum)
    ->ArgNames({"parameters", "directions", "threads"})
    ->Args({100, 64, 1})
    ->Args({10000, 64, 1})
    ->Args({10000, 64, 2})
    ->Args({1000000, 4, 1})
    ->UseRealTime();

void BM_NoiseCheck(benchmark::State& state) {
  const Eigen::VectorXf epsilon = Eigen::VectorXf::Ones(10000);
  for (auto _ : state) benchmark::DoNotOptimize(NoiseCheck(epsilon));
  state.SetItemsProcessed(state.iterations() * epsilon.size());
}
BENCHMARK(BM_NoiseCheck);

}  // namespace
}  // namespace starling
