// What the running tasks share: reward for speed forwards and for health, costs
// of control and contact.
//
//   reward = (w_f (x' - x) / dt + healthy_reward [healthy])
//            - (w_c sum_i ctrl_i^2 + contact cost)
#ifndef STARLING_ENVS_MUJOCO_LOCOMOTION_ENV_H_
#define STARLING_ENVS_MUJOCO_LOCOMOTION_ENV_H_

#include "envs/mujoco/mujoco_env.h"

namespace starling {

class LocomotionEnv : public MujocoEnv {
 protected:
  struct Weights {
    double forward_reward;
    double ctrl_cost;
    // Tasks that know no health leave these two.
    double healthy_reward = 0;
    bool terminate_when_unhealthy = false;
  };

  LocomotionEnv(Simulation simulation, const Weights& weights,
                bool needs_contact_forces = false);

  void BeforeStep() final;
  Verdict AfterStep() final;

  // x of what should move forwards, m.
  virtual double ForwardPosition() const { return state().qpos[0]; }
  virtual bool IsHealthy() const { return true; }
  // Weighted.
  virtual double ContactCost() const { return 0; }

  // Positions from number `skip` on, then all velocities; these clipped to
  // +-10 where the task asks for it.
  void ObserveMotion(int skip, bool clip_velocities,
                     ObservationWriter& out) const;

 private:
  Weights weights_;
  double position_before_ = 0;
};

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_LOCOMOTION_ENV_H_
