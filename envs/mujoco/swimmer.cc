// A planar chain of three rods that swims in a viscous fluid ("Reinforcement
// Learning Using Neural Networks, with Applications to Motor Control").
#include <utility>

#include "envs/mujoco/locomotion_env.h"

namespace starling {
namespace {

class SwimmerEnv final : public LocomotionEnv {
 public:
  static absl::Status Check(const v1::Swimmer&, const MujocoModel& model) {
    return CheckModel(model, {.positions = 2});
  }

  SwimmerEnv(const v1::Swimmer& options, Simulation simulation)
      : LocomotionEnv(std::move(simulation), {options.forward_reward_weight(),
                                              options.ctrl_cost_weight()}),
        noise_(options.reset_noise_scale()),
        skip_(options.exclude_current_positions_from_observation() ? 2 : 0) {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, noise_);
    PerturbVelocities(rng, noise_);
  }

  void Observe(ObservationWriter& out) const override {
    ObserveMotion(skip_, /*clip_velocities=*/false, out);
  }

  double noise_;
  int skip_;
};

STARLING_REGISTER_ENV(swimmer, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<SwimmerEnv>(config, config.swimmer(), 1000);
});

}  // namespace
}  // namespace starling
