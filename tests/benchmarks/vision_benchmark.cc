// Time of an action of policies that look, projections and controller included,
// and what they keep beside the frame; frames a second of environments that
// paint.
//
//   bazel run //tests/benchmarks:vision_benchmark
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "envs/env.h"
#include "policies/policy.h"

namespace starling {
namespace {

// Seconds a call, of the quickest of some rounds.
template <typename Call>
double Time(Call call) {
  double best = 1e9;
  const auto begin = std::chrono::steady_clock::now();
  do {
    const auto start = std::chrono::steady_clock::now();
    call();
    best = std::min(best, std::chrono::duration<double>(
                              std::chrono::steady_clock::now() - start)
                              .count());
  } while (std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
  return best;
}

v1::EnvSpec Spec(int side) {
  v1::EnvSpec spec;
  spec.set_name("benchmark");
  spec.set_image_height(side);
  spec.set_image_width(side);
  spec.set_image_channels(3);
  spec.set_action_size(3);
  for (int i = 0; i < 3; ++i) {
    spec.add_action_low(-1);
    spec.add_action_high(1);
  }
  return spec;
}

// A road through grass, with some noise: frames are smooth in patches.
std::vector<uint8_t> Frame(int side) {
  Rng rng(1);
  std::vector<uint8_t> frame(side * side * 3);
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j) {
      const bool is_road =
          std::abs(j - side / 2 - (i - side / 2) / 3) < side / 6;
      const int color[] = {102, is_road ? 102 : 204, 102};
      for (int c = 0; c < 3; ++c) {
        frame[(i * side + j) * 3 + c] =
            static_cast<uint8_t>(color[c] + rng.Below(20));
      }
    }
  }
  return frame;
}

void Actions() {
  std::printf(
      "| patches | policy | ms an action | KiB kept | parameters |\n"
      "|---|---|---|---|---|\n");
  const struct {
    int side;
    const char* policy;
  } kCases[] = {
      {96, "implicit_attention {}"},
      {96, "implicit_attention { features { positive { m: 16 } } }"},
      {96,
       "implicit_attention { patch: 1 stride: 1 features { positive { m: 16 } "
       "} }"},
      {96,
       "implicit_attention { patch: 1 stride: 1 features { generalized { m: 16 "
       "} } }"},
      {96,
       "implicit_attention { patch: 1 stride: 1 features { hyperbolic { m: 16 "
       "} } }"},
      {96,
       "implicit_attention { patch: 1 stride: 1 features { angular_hybrid { m: "
       "16 n: 8 } } }"},
      {320,
       "implicit_attention { patch: 1 stride: 1 features { positive { m: 16 } "
       "} }"},
      {96, "implicit_attention { patch: 1 stride: 1 }"},
      {96, "convolution {}"},
      {96, "downscaled {}"},
  };
  for (const auto& tried : kCases) {
    v1::PolicyConfig config;
    CHECK(ParseTextProto(tried.policy, "policy", &config).ok());
    const std::vector<uint8_t> frame = Frame(tried.side);
    const Observation seen{.state = {nullptr, 0},
                           .image = {frame.data(), tried.side, tried.side, 3}};
    malloc_trim(0);
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    auto policy = PolicyRegistry::Make(config, Spec(tried.side));
    CHECK(policy.ok()) << policy.status();
    {
      Eigen::VectorXf theta((*policy)->num_parameters());
      (*policy)->InitialParameters(Rng(1), theta);
      (*policy)->SetParameters(theta);
    }
    Eigen::VectorXf action(3);
    (*policy)->Reset();
    (*policy)->Act(seen, action);
    const size_t kept = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    const double seconds = Time([&] { (*policy)->Act(seen, action); });
    const Gaze gaze = (*policy)->gaze();
    std::printf("| %d | %s | %.3f | %zu | %d |\n", gaze.rows * gaze.columns,
                tried.policy, 1e3 * seconds, kept >> 10,
                (*policy)->num_parameters());
    std::fflush(stdout);
  }
}

void Frames() {
  std::printf("\n| environment | frames a second |\n|---|---|\n");
  for (const char* const text :
       {"pixel_pointer {}", "pixel_pointer { size: 96 }", "car_racing {}"}) {
    v1::EnvConfig config;
    CHECK(ParseTextProto(text, "env", &config).ok());
    auto env = EnvRegistry::Make(config);
    CHECK(env.ok()) << env.status();
    const Eigen::VectorXf action =
        Eigen::VectorXf::Constant((*env)->spec().action_size(), 0.1f);
    uint64_t seed = 0;
    constexpr int kSteps = 1000;
    (*env)->Reset(Rng(seed));
    const double seconds = Time([&] {
      for (int step = 0; step < kSteps; ++step) {
        if ((*env)->Step(action).outcome != Outcome::kRunning) {
          (*env)->Reset(Rng(++seed));
        }
      }
    });
    std::printf("| %s | %.0f |\n", text, kSteps / seconds);
  }
}

}  // namespace
}  // namespace starling

int main() {
  starling::Actions();
  starling::Frames();
  return 0;
}
