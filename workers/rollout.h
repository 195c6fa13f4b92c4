// The hot loop: one policy in one environment, one episode at a time.
#ifndef STARLING_WORKERS_ROLLOUT_H_
#define STARLING_WORKERS_ROLLOUT_H_

#include <Eigen/Core>
#include <atomic>
#include <cstdint>

#include "base/moments.h"
#include "base/rng.h"
#include "envs/env.h"
#include "policies/normalizer.h"
#include "policies/policy.h"
#include "proto/env.pb.h"

namespace starling {

// Why an episode has no return.
enum class Divergence {
  kNone,
  kAction,   // the policy answered NaN or an infinity
  kPhysics,  // the environment reported Outcome::kDiverged
  kReward,   // the return is NaN or beyond +-kLargestReturn (protocol.h)
};

struct Episode {
  // Undiscounted sum of rewards, in double, in the order of the steps. Without
  // meaning where the outcome is kDiverged.
  double total_reward = 0;
  // Control steps; where the episode diverged, those before the one at fault.
  uint32_t length = 0;
  // kTerminated, kTruncated or kDiverged.
  Outcome outcome = Outcome::kRunning;
  Divergence divergence = Divergence::kNone;
};

// Owns the buffers between an environment and a policy. Not thread-safe, except
// for steps(). After creation Run allocates nothing of its own.
class Rollout {
 public:
  // For environments and policies of this spec. Control steps are counted in
  // `steps`, which outlives the object, or in a counter of its own.
  explicit Rollout(const v1::EnvSpec& spec,
                   std::atomic<uint64_t>* steps = nullptr);

  // Plays one episode: a pure function of the policy's parameters, the
  // normaliser and `rng`. The policy sees normalised states and raw images; its
  // actions are cut at the bounds of the spec. Where `moments` is given, each
  // raw state that the policy acted on is added to it once the episode has
  // ended: as many as the episode has steps, none if it diverged. CHECK-fails
  // on sizes that are not the spec's.
  Episode Run(Env& env, const Normalizer& normalizer, Policy& policy, Rng rng,
              Moments* moments = nullptr);

  // Control steps since creation, for a watchdog on another thread: while an
  // episode makes progress it grows. A failed episode's steps count too.
  uint64_t steps() const { return steps_->load(std::memory_order_relaxed); }

 private:
  // Cuts action_ at the bounds. False if a coordinate is not finite.
  bool CutAction();

  Eigen::VectorXf low_;
  Eigen::VectorXf high_;
  Eigen::VectorXf state_;
  Eigen::VectorXf action_;
  // Of the episode under way: only whole ones count.
  Moments episode_moments_;
  std::atomic<uint64_t> own_steps_{0};
  std::atomic<uint64_t>* const steps_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_ROLLOUT_H_
