// An arm of two links in a plane whose fingertip goes to a random target.
#include <cmath>
#include <utility>

#include "envs/mujoco/mujoco_env.h"
#include "envs/mujoco/numpy_order.h"

namespace starling {
namespace {

class ReacherEnv final : public MujocoEnv {
 public:
  static absl::Status Check(const v1::Reacher&, const MujocoModel& model) {
    RETURN_IF_ERROR(FindBody(model, "fingertip").status());
    RETURN_IF_ERROR(FindBody(model, "target").status());
    return CheckModel(model, {.positions = 4, .velocities = 4});
  }

  ReacherEnv(const v1::Reacher& options, Simulation simulation)
      : MujocoEnv(std::move(simulation), /*needs_contact_forces=*/false),
        dist_weight_(options.reward_dist_weight()),
        control_weight_(options.reward_control_weight()),
        fingertip_(*FindBody(mujoco_model(), "fingertip")),
        target_(*FindBody(mujoco_model(), "target")) {}

 private:
  // The last two positions are the target's, anywhere in a disc.
  void Perturb(Rng& rng) override {
    constexpr double kRadius = 0.2;
    double x, y;
    PerturbPositions(rng, 0.1);
    do {
      x = rng.Uniform(-kRadius, kRadius);
      y = rng.Uniform(-kRadius, kRadius);
    } while (x * x + y * y >= kRadius * kRadius);
    double* target_position = data()->qpos + model()->nq - 2;
    target_position[0] = x;
    target_position[1] = y;
    PerturbVelocities(rng, 0.005);
    double* target_velocity = data()->qvel + model()->nv - 2;
    target_velocity[0] = target_velocity[1] = 0;
  }

  Verdict AfterStep() override {
    const double distance = Distance(body(fingertip_), body(target_));
    return {
        -distance * dist_weight_ + -SumOfSquaredControls() * control_weight_,
        false};
  }

  void Observe(ObservationWriter& out) const override {
    const double* qpos = state().qpos;
    // libm, as the engine itself for the same angles.
    for (int i = 0; i < 2; ++i) {
      out.AddFunction("cos", std::cos(qpos[i]), qpos + i);
    }
    for (int i = 0; i < 2; ++i) {
      out.AddFunction("sin", std::sin(qpos[i]), qpos + i);
    }
    out.Add(qpos + 2, model()->nq - 2);
    out.Add(state().qvel, 2);
    const char* const kNames[] = {"fingertip/x_from_target",
                                  "fingertip/y_from_target"};
    for (int i = 0; i < 2; ++i) {
      out.AddNamed(body(fingertip_)[i] - body(target_)[i], kNames[i], "m");
    }
  }

  double dist_weight_;
  double control_weight_;
  int fingertip_;
  int target_;
};

STARLING_REGISTER_ENV(reacher, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<ReacherEnv>(config, config.reacher(), 50);
});

}  // namespace
}  // namespace starling
