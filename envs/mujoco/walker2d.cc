// A planar pair of legs that walks ("Infinite-Horizon Model Predictive Control
// for Periodic Tasks with Contacts").
#include <utility>

#include "envs/mujoco/locomotion_env.h"

namespace starling {
namespace {

class Walker2dEnv final : public LocomotionEnv {
 public:
  static absl::Status Check(const v1::Walker2d& options,
                            const MujocoModel& model) {
    RETURN_IF_ERROR(CheckRange("walker2d.healthy_z", options.healthy_z_min(),
                               options.healthy_z_max()));
    RETURN_IF_ERROR(CheckRange("walker2d.healthy_angle",
                               options.healthy_angle_min(),
                               options.healthy_angle_max()));
    return CheckModel(model, {.positions = 3});
  }

  Walker2dEnv(const v1::Walker2d& options, Simulation simulation)
      : LocomotionEnv(
            std::move(simulation),
            {options.forward_reward_weight(), options.ctrl_cost_weight(),
             options.healthy_reward(), options.terminate_when_unhealthy()}),
        noise_(options.reset_noise_scale()),
        skip_(options.exclude_current_positions_from_observation() ? 1 : 0),
        healthy_z_{options.healthy_z_min(), options.healthy_z_max()},
        healthy_angle_{options.healthy_angle_min(),
                       options.healthy_angle_max()} {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, noise_);
    PerturbVelocities(rng, noise_);
  }

  bool IsHealthy() const override {
    return healthy_z_.Contains(state().qpos[1]) &&
           healthy_angle_.Contains(state().qpos[2]);
  }

  void Observe(ObservationWriter& out) const override {
    ObserveMotion(skip_, /*clip_velocities=*/true, out);
  }

  double noise_;
  int skip_;
  OpenInterval healthy_z_;
  OpenInterval healthy_angle_;
};

STARLING_REGISTER_ENV(walker2d, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<Walker2dEnv>(config, config.walker2d(), 1000);
});

}  // namespace
}  // namespace starling
