// What an evaluator in a process of its own costs beside one in the slot's
// process: an empty unit there and back, a new state, a new process.
//
//   bazel run //tests/benchmarks:isolation_benchmark
#include <memory>
#include <string>

#include "base/log.h"
#include "base/text_proto.h"
#include "benchmark/benchmark.h"
#include "workers/evaluator_process.h"
#include "workers/isolated_evaluator.h"
#include "workers/rollout_evaluator.h"

namespace starling {
namespace {

v1::Experiment Experiment(const std::string& env) {
  v1::Experiment experiment;
  CHECK(ParseTextProto("name: \"cost\" env { " + env +
                           " {} max_steps: 1 } policy { linear {} } "
                           "strategy { openai_es {} }",
                       "experiment", &experiment)
            .ok());
  return experiment;
}

std::unique_ptr<UnitEvaluator> Make(const std::string& env, bool is_isolated) {
  auto evaluator = is_isolated ? IsolatedEvaluators({})(Experiment(env))
                               : RolloutEvaluators()(Experiment(env));
  CHECK(evaluator.ok()) << evaluator.status();
  return *std::move(evaluator);
}

std::shared_ptr<v1::PolicyState> State(int parameters) {
  auto state = std::make_shared<v1::PolicyState>();
  state->mutable_distribution()->mutable_mean()->Resize(parameters, 0);
  state->mutable_distribution()->set_sigma(0.1f);
  return state;
}

// A unit of one step.
void Unit(benchmark::State& state, const std::string& env, int parameters) {
  auto evaluator = Make(env, state.range(0) != 0);
  evaluator->SetState(State(parameters));
  v1::WorkUnit unit;
  unit.set_episodes(1);
  unit.set_sign(1);
  for (auto _ : state) {
    const v1::RolloutResult result = evaluator->Evaluate(unit);
    CHECK_EQ(result.status(), v1::RolloutResult::OK) << result.detail();
  }
}
void BM_PendulumUnit(benchmark::State& state) { Unit(state, "pendulum", 3); }
BENCHMARK(BM_PendulumUnit)
    ->ArgName("isolated")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
void BM_HalfCheetahUnit(benchmark::State& state) {
  Unit(state, "half_cheetah", 17 * 6);
}
BENCHMARK(BM_HalfCheetahUnit)
    ->ArgName("isolated")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// Once a generation and slot. That it is too large for the policy is noticed on
// its arrival.
void BM_NewState(benchmark::State& state) {
  auto evaluator = Make("pendulum", state.range(0) != 0);
  const auto large = State(static_cast<int>(state.range(1)));
  for (auto _ : state) {
    evaluator->SetState(large);
    benchmark::DoNotOptimize(evaluator->Evaluate({}));
  }
}
BENCHMARK(BM_NewState)
    ->ArgNames({"isolated", "parameters"})
    ->Args({1, 1'000})
    ->Args({1, 1'000'000})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// From nothing to an evaluator that can answer.
void Start(benchmark::State& state, const std::string& env) {
  for (auto _ : state) {
    Make(env, state.range(0) != 0);
  }
}
void BM_StartPendulum(benchmark::State& state) { Start(state, "pendulum"); }
BENCHMARK(BM_StartPendulum)
    ->ArgName("isolated")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
void BM_StartHalfCheetah(benchmark::State& state) {
  Start(state, "half_cheetah");
}
BENCHMARK(BM_StartHalfCheetah)
    ->ArgName("isolated")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  FLAGS_minloglevel = google::GLOG_WARNING;
  if (argc > 1 && argv[1] == std::string(starling::kEvaluatorWord)) {
    return starling::RunEvaluatorProcess(argc, argv,
                                         starling::RolloutEvaluators);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
