// What one update of the parameters costs the aggregator: n directions of d
// parameters, regenerated and summed. Items are elements of directions, n d.
//
//   bazel run //tests/benchmarks:update_benchmark
#include <memory>
#include <vector>

#include "aggregator/es/fitness_shaping.h"
#include "aggregator/es/strategy.h"
#include "base/log.h"
#include "base/noise.h"
#include "base/rng.h"
#include "benchmark/benchmark.h"

namespace starling {
namespace {

std::vector<DirectionOutcome> Outcomes(int directions) {
  Rng rng(1);
  std::vector<DirectionOutcome> outcomes(directions);
  for (DirectionOutcome& outcome : outcomes) {
    outcome = {true, rng.Normal(), rng.Normal()};
  }
  return outcomes;
}

void Update(benchmark::State& state, const v1::StrategyConfig& config,
            int parameters, int directions, int threads) {
  const Eigen::VectorXf start = Eigen::VectorXf::Zero(parameters);
  const auto strategy = StrategyRegistry::Make(config, start);
  CHECK(strategy.ok()) << strategy.status();
  const auto noise = Noise::Create((*strategy)->noise_config(), 1,
                                   {{"weights", 0, parameters, 1}});
  CHECK(noise.ok()) << noise.status();
  const std::vector<DirectionOutcome> outcomes = Outcomes(directions);
  uint64_t generation = 0;
  for (auto _ : state) {
    const absl::Status status =
        (*strategy)->Tell(**noise, generation++, outcomes, threads);
    CHECK(status.ok()) << status;
  }
  state.SetItemsProcessed(state.iterations() * int64_t{directions} *
                          parameters);
}

void BM_Update(benchmark::State& state) {
  const int parameters = static_cast<int>(state.range(0));
  const int directions = static_cast<int>(state.range(1));
  v1::StrategyConfig config;
  config.mutable_openai_es()->set_num_directions(directions);
  Update(state, config, parameters, directions,
         static_cast<int>(state.range(2)));
}
BENCHMARK(BM_Update)
    ->ArgNames({"parameters", "directions", "threads"})
    ->ArgsProduct({{100, 10000, 1000000}, {16, 256}, {1}})
    ->Args({10000, 256, 2})
    ->Args({1000000, 16, 2})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Directions of weight 0 are not regenerated: the time follows `top`.
void BM_UpdateOfTheTop(benchmark::State& state) {
  constexpr int kDirections = 256;
  v1::StrategyConfig config;
  config.mutable_ars()->set_num_directions(kDirections);
  config.mutable_ars()->set_top_directions(
      static_cast<uint32_t>(state.range(0)));
  Update(state, config, 10000, kDirections, 1);
}
BENCHMARK(BM_UpdateOfTheTop)
    ->ArgName("top")
    ->Arg(256)
    ->Arg(64)
    ->Arg(16)
    ->Unit(benchmark::kMillisecond);

void BM_ShapeFitness(benchmark::State& state) {
  const std::vector<DirectionOutcome> outcomes =
      Outcomes(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(ShapeFitness(v1::FitnessShaping(), outcomes, 0.1));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_ShapeFitness)->ArgName("directions")->Arg(64)->Arg(65536);

}  // namespace
}  // namespace starling
