// An environment: what a policy acts in and what its return comes from.
//
// Creation may fail; after that no call does: what goes wrong inside an episode
// is an Outcome. Not thread-safe: one instance a thread. Reset and Step
// allocate nothing (after the first Reset).
#ifndef STARLING_ENVS_ENV_H_
#define STARLING_ENVS_ENV_H_

#include <cstdint>
#include <initializer_list>
#include <utility>

#include "absl/types/span.h"
#include "base/observation.h"
#include "base/registry.h"
#include "base/rng.h"
#include "base/vectors.h"
#include "proto/env.pb.h"

namespace starling {

enum class Outcome {
  kRunning,
  kTerminated,  // the task ended: goal, fall, failure
  kTruncated,   // spec().max_steps() are over
  kDiverged,    // the physics gave NaN or the engine warned; no return
};

struct StepResult {
  double reward;
  Outcome outcome;
};

// Generalised positions and velocities; empty where there is no such thing.
struct PhysicsState {
  absl::Span<const double> qpos;
  absl::Span<const double> qvel;
};

class Env {
 public:
  virtual ~Env() = default;

  // Constant over the object's life.
  virtual const v1::EnvSpec& spec() const = 0;
  // A new episode: the full state is a function of `rng` alone, without memory
  // of the last episode.
  virtual void Reset(Rng rng) = 0;
  // One control step with action [action_size], within the bounds (the caller
  // clips). Not to be called after an outcome other than kRunning.
  virtual StepResult Step(ConstVectorRef action) = 0;
  // Views, valid until the next Reset or Step.
  virtual Observation observation() const = 0;
  // For traces: views, as above.
  virtual PhysicsState physics_state() const { return {}; }
  // Paints what a person would look at: rgb [height, width, 3]. False: this
  // environment has no picture, or the machine can't draw it (the reason is in
  // the log).
  virtual bool Draw(int height, int width, uint8_t* rgb) { return false; }
};

// Names and units of an EnvSpec's numbers, in their order.
inline void NameNumbers(
    std::initializer_list<std::pair<const char*, const char*>> names,
    google::protobuf::RepeatedPtrField<v1::NumberName>* numbers) {
  for (const auto& [name, unit] : names) {
    v1::NumberName* number = numbers->Add();
    number->set_name(name);
    number->set_unit(unit);
  }
}

// InvalidArgument, with the field and the value, for options out of range.
using EnvRegistry = Registry<Env, v1::EnvConfig>;

}  // namespace starling

#define STARLING_REGISTER_ENV(kind, factory)  \
  const bool starling_registered_env_##kind = \
      ::starling::EnvRegistry::Register(#kind, factory)

#endif  // STARLING_ENVS_ENV_H_
