// From a work unit to a result: regenerates the unit's point of the search,
// plays its episodes, answers scalars.
//
// A result is a pure function of (experiment, PolicyState, unit): every
// evaluator, on every machine of the target, answers the same bits.
#ifndef STARLING_WORKERS_EVALUATOR_H_
#define STARLING_WORKERS_EVALUATOR_H_

#include <Eigen/Core>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/moments.h"
#include "base/noise.h"
#include "envs/env.h"
#include "policies/normalizer.h"
#include "policies/policy.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"
#include "workers/rollout.h"

namespace starling {

// Owns an environment, a policy and their buffers. Not thread-safe, except for
// steps(): one a thread.
class Evaluator {
 public:
  // Builds the environment, the policy and the noise of `experiment`. The
  // errors of their factories, as they are. `steps`: see Rollout.
  static absl::StatusOr<std::unique_ptr<Evaluator>> Create(
      const v1::Experiment& experiment, std::atomic<uint64_t>* steps = nullptr);

  const v1::EnvSpec& env_spec() const { return env_->spec(); }
  int num_parameters() const { return policy_->num_parameters(); }

  // A new generation begins. O(state size), besides opening the noise. A state
  // that does not fit the policy makes every unit of its generation fail with
  // the reason. `state` is not null and no longer changes.
  void SetState(std::shared_ptr<const v1::PolicyState> state);

  // Plays the unit's episodes at mean + sign * sigma * epsilon(direction):
  // first float(sign * sigma) * epsilon_i, then mean_i + that. Episode e starts
  // from Rng(DeriveSeed(unit.episode_seed, Stream::kEnv, e, 0, 0)). Statuses
  // other than OK, each with a detail for people and without returns:
  //   diverged   the first episode whose physics, policy or reward diverged;
  //              the others are not played
  //   ENV_ERROR  the unit or the state makes no sense
  v1::RolloutResult Evaluate(const v1::WorkUnit& unit);

  // Control steps since creation: see Rollout::steps.
  uint64_t steps() const { return rollout_.steps(); }

 private:
  Evaluator(const v1::Experiment& experiment, std::unique_ptr<Env> env,
            std::unique_ptr<Policy> policy, std::unique_ptr<Noise> noise,
            std::atomic<uint64_t>* steps);

  // Why `state_` or `unit` can't be used; "" if they can.
  std::string FindFault(const v1::PolicyState& state) const;
  std::string FindFault(const v1::WorkUnit& unit) const;
  // Writes the unit's point; returns its perturbation check.
  uint64_t MovePoint(const v1::WorkUnit& unit);

  const v1::NormalizerConfig normalizer_config_;
  const std::unique_ptr<Env> env_;
  const std::unique_ptr<Policy> policy_;
  const std::unique_ptr<Noise> noise_;
  Rollout rollout_;
  Eigen::VectorXf point_;
  Eigen::VectorXf epsilon_;
  Moments moments_;

  // Of the generation.
  std::shared_ptr<const v1::PolicyState> state_;
  std::string state_fault_;
  Normalizer normalizer_;
  std::unique_ptr<NoiseStream> noise_stream_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_EVALUATOR_H_
