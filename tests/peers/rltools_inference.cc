// Prints the seconds that RLtools takes for an action of a network with two
// hidden layers of 64 tanh units. Compiled by inference_test.py; no part of the
// build.
// RLtools needs them in this order.
// clang-format off
#include <rl_tools/operations/cpu.h>
#include <rl_tools/nn/optimizers/adam/instance/operations_generic.h>
#include <rl_tools/nn/operations_cpu.h>
#include <rl_tools/nn_models/mlp/operations_generic.h>
#include <rl_tools/nn/optimizers/adam/operations_generic.h>
// clang-format on

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace rlt = rl_tools;

using Device = rlt::devices::DefaultCPU;
using Index = Device::index_t;
using Types = rlt::numeric_types::Policy<float>;
using StateShape = rlt::tensor::Shape<Index, 1, 1, 17>;
using ActionShape = rlt::tensor::Shape<Index, 1, 1, 6>;
using Network = rlt::nn_models::mlp::NeuralNetwork<
    rlt::nn_models::mlp::Configuration<Types, Index, 6, 3, 64,
                                       rlt::nn::activation_functions::TANH,
                                       rlt::nn::activation_functions::IDENTITY>,
    rlt::nn::capability::Forward<>, StateShape>;

int main() {
  Device device;
  Device::SPEC::RANDOM::ENGINE<> rng;
  Network network;
  Network::Buffer<> buffer;
  rlt::Tensor<rlt::tensor::Specification<float, Index, StateShape>> state;
  rlt::Tensor<rlt::tensor::Specification<float, Index, ActionShape>> action;
  rlt::malloc(device, rng);
  rlt::init(device, rng, 1);
  rlt::malloc(device, network);
  rlt::malloc(device, buffer);
  rlt::malloc(device, state);
  rlt::malloc(device, action);
  rlt::init_weights(device, network, rng);
  rlt::randn(device, state, rng);
  const rlt::Mode<rlt::mode::Evaluation<>> mode;
  constexpr int kTimes = 100000;
  double best = 1e9;
  volatile float used = 0;
  for (int round = 0; round < 7; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) {
      rlt::set(device, state, 0.001f * (i % 1000), 0, 0, i % 17);
      rlt::evaluate(device, network, state, action, buffer, rng, mode);
      used = rlt::get(device, action, 0, 0, 0);
    }
    const std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - begin;
    best = std::min(best, seconds.count() / kTimes);
  }
  std::printf("%.9f\n", best);
  return 0;
}
