// A biped with arms that runs ("Synthesis and Stabilization of Complex
// Behaviors through Online Trajectory Optimization").
#include <utility>

#include "envs/mujoco/humanoid_body.h"
#include "envs/mujoco/locomotion_env.h"
#include "envs/mujoco/numpy_order.h"

namespace starling {
namespace {

class HumanoidEnv final : public LocomotionEnv {
 public:
  static absl::Status Check(const v1::Humanoid& options,
                            const MujocoModel& model) {
    RETURN_IF_ERROR(CheckRange("humanoid.healthy_z", options.healthy_z_min(),
                               options.healthy_z_max()));
    RETURN_IF_ERROR(CheckRange("humanoid.contact_cost",
                               options.contact_cost_min(),
                               options.contact_cost_max()));
    return CheckHumanoid(model);
  }

  HumanoidEnv(const v1::Humanoid& options, Simulation simulation)
      : LocomotionEnv(
            std::move(simulation),
            {options.forward_reward_weight(), options.ctrl_cost_weight(),
             options.healthy_reward(), options.terminate_when_unhealthy()},
            /*needs_contact_forces=*/true),
        options_(options),
        parts_(HumanoidParts::Of(options)),
        healthy_z_{options.healthy_z_min(), options.healthy_z_max()},
        mass_(SumInNumpyOrder(model()->body_mass, model()->nbody)) {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, options_.reset_noise_scale());
    PerturbVelocities(rng, options_.reset_noise_scale());
  }

  // Of the centre of mass. One body after the other, as np.einsum.
  double ForwardPosition() const override {
    double moment = 0;
    for (int i = 0; i < model()->nbody; ++i) {
      moment += model()->body_mass[i] * state().xipos[3 * i];
    }
    return moment / mass_;
  }

  bool IsHealthy() const override {
    return healthy_z_.Contains(state().qpos[2]);
  }

  double ContactCost() const override {
    return ContactForceCost(*model(), state(), options_.contact_cost_weight(),
                            options_.contact_cost_min(),
                            options_.contact_cost_max());
  }

  void Observe(ObservationWriter& out) const override {
    ObserveHumanoid(*model(), state(), parts_, out);
  }

  v1::Humanoid options_;
  HumanoidParts parts_;
  OpenInterval healthy_z_;
  double mass_;  // kg
};

STARLING_REGISTER_ENV(humanoid, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<HumanoidEnv>(config, config.humanoid(), 1000);
});

}  // namespace
}  // namespace starling
