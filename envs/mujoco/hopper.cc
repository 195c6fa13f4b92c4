// A planar leg that hops forwards ("Infinite-Horizon Model Predictive Control
// for Periodic Tasks with Contacts").
#include <utility>

#include "envs/mujoco/locomotion_env.h"

namespace starling {
namespace {

class HopperEnv final : public LocomotionEnv {
 public:
  static absl::Status Check(const v1::Hopper& options,
                            const MujocoModel& model) {
    RETURN_IF_ERROR(CheckRange("hopper.healthy_z", options.healthy_z_min(),
                               options.healthy_z_max()));
    RETURN_IF_ERROR(CheckRange("hopper.healthy_angle",
                               options.healthy_angle_min(),
                               options.healthy_angle_max()));
    RETURN_IF_ERROR(CheckRange("hopper.healthy_state",
                               options.healthy_state_min(),
                               options.healthy_state_max()));
    return CheckModel(model, {.positions = 3});
  }

  HopperEnv(const v1::Hopper& options, Simulation simulation)
      : LocomotionEnv(
            std::move(simulation),
            {options.forward_reward_weight(), options.ctrl_cost_weight(),
             options.healthy_reward(), options.terminate_when_unhealthy()}),
        noise_(options.reset_noise_scale()),
        skip_(options.exclude_current_positions_from_observation() ? 1 : 0),
        healthy_z_{options.healthy_z_min(), options.healthy_z_max()},
        healthy_angle_{options.healthy_angle_min(),
                       options.healthy_angle_max()},
        healthy_state_{options.healthy_state_min(),
                       options.healthy_state_max()} {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, noise_);
    PerturbVelocities(rng, noise_);
  }

  bool IsHealthy() const override {
    const double* qpos = state().qpos;
    return healthy_state_.ContainsAll(qpos + 2, model()->nq - 2) &&
           healthy_state_.ContainsAll(state().qvel, model()->nv) &&
           healthy_z_.Contains(qpos[1]) && healthy_angle_.Contains(qpos[2]);
  }

  void Observe(ObservationWriter& out) const override {
    ObserveMotion(skip_, /*clip_velocities=*/true, out);
  }

  double noise_;
  int skip_;
  OpenInterval healthy_z_;
  OpenInterval healthy_angle_;
  OpenInterval healthy_state_;
};

STARLING_REGISTER_ENV(hopper, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<HopperEnv>(config, config.hopper(), 1000);
});

}  // namespace
}  // namespace starling
