#include "workers/fingerprint.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/linalg.h"
#include "base/math.h"
#include "base/math_double.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/version.h"
#include "envs/env.h"
#include "envs/mujoco/version.h"

namespace starling {
namespace {

constexpr uint64_t kKey = 0x5374'6172'6c69'6e67;  // any constant would do
constexpr int kSteps = 200;

void Append(const void* data, size_t size, std::string* bytes) {
  bytes->append(static_cast<const char*>(data), size);
}

template <typename T>
void Append(const std::vector<T>& values, std::string* bytes) {
  Append(values.data(), values.size() * sizeof(T), bytes);
}

std::string Numbers() {
  std::string bytes;
  for (uint32_t i = 0; i < 64; ++i) {
    const PhiloxBlock block = Philox({i, 1, 2, 3}, kKey);
    Append(block.data(), sizeof(block), &bytes);
  }
  Rng rng(kKey);
  for (int i = 0; i < 256; ++i) {
    const double normal = rng.Normal();
    Append(&normal, sizeof(normal), &bytes);
  }
  // A length that leaves a rest beside the eight lanes.
  constexpr int kSize = 4099;
  std::vector<float> x(kSize), y(kSize);
  FillNormals(kKey, Stream::kPerturbation, 1, 2, 0, kSize, x.data());
  Append(x, &bytes);

  using Function = void (*)(const float*, int64_t, float*);
  for (const Function function : {Function{Exp}, Function{Sin}, Function{Cos},
                                  Function{Tanh}, Function{Sigmoid}}) {
    function(x.data(), kSize, y.data());
    Append(y, &bytes);
  }
  std::vector<float> squares(kSize);
  for (int i = 0; i < kSize; ++i) squares[i] = x[i] * x[i];
  Log(squares.data(), kSize, y.data());
  Append(y, &bytes);
  for (int i = 0; i < kSize; ++i) {
    const double angle = 100.0 * x[i];
    const double pair[] = {Sin(angle), Cos(angle)};
    Append(pair, sizeof(pair), &bytes);
  }

  constexpr int kRows = 37, kCols = 110;  // kRows kCols < kSize
  const float sums[] = {Sum(x.data(), kSize),
                        Dot(x.data(), squares.data(), kSize)};
  Append(sums, sizeof(sums), &bytes);
  std::vector<float> product(kRows);
  Gemv(x.data(), squares.data(), kRows, kCols, false, product.data());
  Append(product, &bytes);
  return Hex(Sha256(bytes));
}

// A choice, or a point within the bounds; within [-1, 1] where there are none.
void DrawAction(const v1::EnvSpec& spec, Rng* rng, Eigen::VectorXf* action) {
  for (int i = 0; i < action->size(); ++i) {
    if (spec.num_choices() > 0) {
      (*action)[i] = static_cast<float>(rng->Below(spec.num_choices()));
      continue;
    }
    const float low = spec.action_low(i), high = spec.action_high(i);
    const bool is_bounded = std::isfinite(low) && std::isfinite(high);
    const float drawn = static_cast<float>(is_bounded ? rng->Uniform(low, high)
                                                      : rng->Uniform(-1, 1));
    (*action)[i] = drawn < low ? low : drawn > high ? high : drawn;
  }
}

void AppendState(const Env& env, std::string* bytes) {
  const Observation seen = env.observation();
  Append(seen.state.data(), seen.state.size() * sizeof(float), bytes);
  const PhysicsState physics = env.physics_state();
  Append(physics.qpos.data(), physics.qpos.size() * sizeof(double), bytes);
  Append(physics.qvel.data(), physics.qvel.size() * sizeof(double), bytes);
}

std::string Physics(Env& env) {
  std::string bytes;
  Rng rng(kKey);
  Eigen::VectorXf action(env.spec().action_size());
  uint64_t episode = 0;
  env.Reset(Rng(episode));
  AppendState(env, &bytes);
  for (int step = 0; step < kSteps; ++step) {
    DrawAction(env.spec(), &rng, &action);
    const StepResult result = env.Step(action);
    const auto outcome = static_cast<int32_t>(result.outcome);
    Append(&result.reward, sizeof(result.reward), &bytes);
    Append(&outcome, sizeof(outcome), &bytes);
    AppendState(env, &bytes);
    if (result.outcome == Outcome::kRunning) continue;
    env.Reset(Rng(++episode));
    AppendState(env, &bytes);
  }
  return Hex(Sha256(bytes));
}

}  // namespace

absl::StatusOr<v1::Fingerprint> ComputeFingerprint(
    const v1::Experiment& experiment) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Env> env,
                   EnvRegistry::Make(experiment.env()));
  v1::Fingerprint fingerprint;
  fingerprint.set_mujoco_version(MujocoVersion());
  fingerprint.set_numbers(Numbers());
  fingerprint.set_physics(Physics(*env));
  fingerprint.set_build(kVersion);
  return fingerprint;
}

}  // namespace starling
