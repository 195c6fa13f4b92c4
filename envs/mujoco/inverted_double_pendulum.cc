// Two poles, one on the other, on a cart ("Neuronlike Adaptive Elements That
// Can Solve Difficult Learning Control Problems").
#include <cmath>
#include <utility>

#include "envs/mujoco/mujoco_env.h"
#include "envs/mujoco/numpy_order.h"

namespace starling {
namespace {

class InvertedDoublePendulumEnv final : public MujocoEnv {
 public:
  static absl::Status Check(const v1::InvertedDoublePendulum&,
                            const MujocoModel& model) {
    return CheckModel(model, {.positions = 2, .velocities = 3, .sites = 1});
  }

  InvertedDoublePendulumEnv(const v1::InvertedDoublePendulum& options,
                            Simulation simulation)
      : MujocoEnv(std::move(simulation), /*needs_contact_forces=*/false),
        healthy_reward_(options.healthy_reward()),
        noise_(options.reset_noise_scale()) {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, noise_);
    PerturbVelocitiesNormally(rng, noise_);
  }

  // The first site is the tip of the upper pole.
  Verdict AfterStep() override {
    constexpr double kMinHeight = 1;
    constexpr double kUpright = 2;
    const double x = state().site_xpos[0];
    const double z = state().site_xpos[2];
    const double* qvel = state().qvel;
    const bool has_fallen = z <= kMinHeight;
    const double distance_penalty =
        0.01 * ScalarSquare(x) + ScalarSquare(z - kUpright);
    const double velocity_penalty =
        1e-3 * ScalarSquare(qvel[1]) + 5e-3 * ScalarSquare(qvel[2]);
    const double alive = has_fallen ? 0 : healthy_reward_;
    return {alive - distance_penalty - velocity_penalty, has_fallen};
  }

  void Observe(ObservationWriter& out) const override {
    const double* qpos = state().qpos;
    out.Add(qpos, 1);
    // libm, as the engine itself for the same angles.
    for (int i = 1; i < model()->nq; ++i) {
      out.AddFunction("sin", std::sin(qpos[i]), qpos + i);
    }
    for (int i = 1; i < model()->nq; ++i) {
      out.AddFunction("cos", std::cos(qpos[i]), qpos + i);
    }
    out.AddClipped(state().qvel, model()->nv, -10, 10);
    // Of the cart on its rail's ends; always zero on the poles' joints.
    out.AddClipped(state().qfrc_constraint, 1, -10, 10);
  }

  double healthy_reward_;
  double noise_;
};

STARLING_REGISTER_ENV(inverted_double_pendulum,
                      [](const v1::EnvConfig& config) {
                        return CreateMujocoEnv<InvertedDoublePendulumEnv>(
                            config, config.inverted_double_pendulum(), 1000);
                      });

}  // namespace
}  // namespace starling
