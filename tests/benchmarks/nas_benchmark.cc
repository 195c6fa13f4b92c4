// What a search costs the aggregator and a worker, for a HalfCheetah's
// controller: 64 of the 736 edges of 17 -> 32 -> 6.
//
//   bazel run //tests/benchmarks:nas_benchmark
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "nas/controller.h"
#include "nas/sampling.h"
#include "policies/policy.h"

namespace starling {
namespace {

constexpr int kPairs = 64;

v1::EnvSpec Spec() {
  v1::EnvSpec spec;
  spec.set_state_size(17);
  spec.set_action_size(6);
  for (int i = 0; i < 6; ++i) {
    spec.add_action_low(-1);
    spec.add_action_high(1);
  }
  return spec;
}

std::unique_ptr<Policy> MakePolicy() {
  v1::PolicyConfig config;
  CHECK(
      ParseTextProto("edge_pruned { mlp { hidden: 32 } global { edges: 64 } }",
                     "benchmark", &config)
          .ok());
  return *PolicyRegistry::Make(config, Spec());
}

std::unique_ptr<Controller> MakeController(const std::string& kind) {
  return *ControllerRegistry::Make(*ControllerRegistry::Default(kind),
                                   MakePolicy()->search_space(), 1);
}

std::vector<Trial> Try(std::vector<Choices> proposals) {
  Rng rng(1);
  std::vector<Trial> trials;
  for (Choices& choices : proposals) {
    Objectives objectives;
    objectives.score = objectives.mean_return = rng.Normal();
    objectives.cost = 64;
    trials.push_back({std::move(choices), objectives});
  }
  return trials;
}

// Proposals a second.
void BM_Propose(benchmark::State& state, const std::string& kind) {
  const auto controller = MakeController(kind);
  // Populations are full.
  for (int g = 0; g < 4; ++g) {
    controller->Learn(Try(controller->Propose(g, kPairs)));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(controller->Propose(4, kPairs));
  }
  state.SetItemsProcessed(state.iterations() * kPairs);
}
// One update from 64 pairs; proposing is not counted.
void BM_Learn(benchmark::State& state, const std::string& kind) {
  const auto controller = MakeController(kind);
  uint64_t generation = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<Trial> trials =
        Try(controller->Propose(generation++, kPairs));
    state.ResumeTiming();
    controller->Learn(trials);
  }
}
#define STARLING_BENCHMARK_CONTROLLER(kind)   \
  BENCHMARK_CAPTURE(BM_Propose, kind, #kind); \
  BENCHMARK_CAPTURE(BM_Learn, kind, #kind)
STARLING_BENCHMARK_CONTROLLER(random);
STARLING_BENCHMARK_CONTROLLER(policy_gradient);
STARLING_BENCHMARK_CONTROLLER(regularized_evolution);
STARLING_BENCHMARK_CONTROLLER(hill_climbing);
STARLING_BENCHMARK_CONTROLLER(nsga2);
STARLING_BENCHMARK_CONTROLLER(pointer_network);

void BM_Encode(benchmark::State& state) {
  const auto policy = MakePolicy();
  Rng rng(1);
  const Choices choices = Sample(policy->search_space(), &rng);
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = policy->search_space().Encode(choices).encoding().size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_Encode);

void BM_Decode(benchmark::State& state) {
  const auto policy = MakePolicy();
  Rng rng(1);
  const v1::Architecture architecture =
      policy->search_space().Encode(Sample(policy->search_space(), &rng));
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy->search_space().Decode(architecture));
  }
}
BENCHMARK(BM_Decode);

// A worker's cost of another architecture, and an Act with it or dense.
void BM_SetArchitecture(benchmark::State& state) {
  const auto policy = MakePolicy();
  Rng rng(1);
  std::vector<v1::Architecture> architectures;
  for (int i = 0; i < 64; ++i) {
    architectures.push_back(
        policy->search_space().Encode(Sample(policy->search_space(), &rng)));
  }
  size_t next = 0;
  for (auto _ : state) {
    CHECK(policy->SetArchitecture(architectures[next++ % 64]).ok());
  }
}
BENCHMARK(BM_SetArchitecture);

void BM_Act(benchmark::State& state) {
  const auto policy = MakePolicy();
  Rng rng(1);
  if (state.range(0) == 0) {
    CHECK(policy
              ->SetArchitecture(policy->search_space().Encode(
                  Sample(policy->search_space(), &rng)))
              .ok());
  }
  Eigen::VectorXf theta = Eigen::VectorXf::Constant(774, 0.1f);
  Eigen::VectorXf seen = Eigen::VectorXf::Constant(17, 0.5f), action(6);
  policy->SetParameters(theta);
  Observation observation;
  new (&observation.state) Eigen::Map<const Eigen::VectorXf>(seen.data(), 17);
  for (auto _ : state) {
    policy->Act(observation, action);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Act)->ArgName("all_edges")->Arg(0)->Arg(1);

}  // namespace
}  // namespace starling
