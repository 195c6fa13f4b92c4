// A planar cheetah that runs ("A Cat-Like Robot Real-Time Learning to Run").
#include <utility>

#include "envs/mujoco/locomotion_env.h"

namespace starling {
namespace {

class HalfCheetahEnv final : public LocomotionEnv {
 public:
  static absl::Status Check(const v1::HalfCheetah&, const MujocoModel& model) {
    return CheckModel(model, {});
  }

  HalfCheetahEnv(const v1::HalfCheetah& options, Simulation simulation)
      : LocomotionEnv(std::move(simulation), {options.forward_reward_weight(),
                                              options.ctrl_cost_weight()}),
        noise_(options.reset_noise_scale()),
        skip_(options.exclude_current_positions_from_observation() ? 1 : 0) {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, noise_);
    PerturbVelocitiesNormally(rng, noise_);
  }

  void Observe(ObservationWriter& out) const override {
    ObserveMotion(skip_, /*clip_velocities=*/false, out);
  }

  double noise_;
  int skip_;
};

STARLING_REGISTER_ENV(half_cheetah, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<HalfCheetahEnv>(config, config.half_cheetah(), 1000);
});

}  // namespace
}  // namespace starling
