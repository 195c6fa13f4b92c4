// A pole on a cart ("Neuronlike Adaptive Elements That Can Solve Difficult
// Learning Control Problems").
#include <cmath>
#include <utility>

#include "envs/mujoco/mujoco_env.h"

namespace starling {
namespace {

class InvertedPendulumEnv final : public MujocoEnv {
 public:
  static absl::Status Check(const v1::InvertedPendulum&,
                            const MujocoModel& model) {
    return CheckModel(model, {.positions = 2});
  }

  InvertedPendulumEnv(const v1::InvertedPendulum& options,
                      Simulation simulation)
      : MujocoEnv(std::move(simulation), /*needs_contact_forces=*/false),
        noise_(options.reset_noise_scale()) {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, noise_);
    PerturbVelocities(rng, noise_);
  }

  Verdict AfterStep() override {
    constexpr double kMaxAngle = 0.2;
    const bool has_fallen = std::abs(state().qpos[1]) > kMaxAngle;
    return {has_fallen ? 0.0 : 1.0, has_fallen};
  }

  void Observe(ObservationWriter& out) const override {
    out.Add(state().qpos, model()->nq);
    out.Add(state().qvel, model()->nv);
  }

  double noise_;
};

STARLING_REGISTER_ENV(inverted_pendulum, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<InvertedPendulumEnv>(config,
                                              config.inverted_pendulum(), 1000);
});

}  // namespace
}  // namespace starling
