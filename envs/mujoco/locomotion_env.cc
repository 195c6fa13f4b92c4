#include "envs/mujoco/locomotion_env.h"

#include <utility>

namespace starling {

LocomotionEnv::LocomotionEnv(Simulation simulation, const Weights& weights,
                             bool needs_contact_forces)
    : MujocoEnv(std::move(simulation), needs_contact_forces),
      weights_(weights) {}

void LocomotionEnv::BeforeStep() { position_before_ = ForwardPosition(); }

MujocoEnv::Verdict LocomotionEnv::AfterStep() {
  const double velocity = (ForwardPosition() - position_before_) / dt();
  const bool is_healthy = IsHealthy();
  const double rewards = weights_.forward_reward * velocity +
                         (is_healthy ? weights_.healthy_reward : 0);
  const double costs =
      weights_.ctrl_cost * SumOfSquaredControls() + ContactCost();
  return {rewards - costs, !is_healthy && weights_.terminate_when_unhealthy};
}

void LocomotionEnv::ObserveMotion(int skip, bool clip_velocities,
                                  ObservationWriter& out) const {
  out.Add(state().qpos + skip, model()->nq - skip);
  if (clip_velocities) {
    out.AddClipped(state().qvel, model()->nv, -10, 10);
  } else {
    out.Add(state().qvel, model()->nv);
  }
}

}  // namespace starling
