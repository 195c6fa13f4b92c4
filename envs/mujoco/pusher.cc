// An arm of seven joints that pushes an object to a goal.
#include <utility>

#include "envs/mujoco/mujoco_env.h"
#include "envs/mujoco/numpy_order.h"

namespace starling {
namespace {

class PusherEnv final : public MujocoEnv {
 public:
  static absl::Status Check(const v1::Pusher&, const MujocoModel& model) {
    for (const char* name : {"tips_arm", "object", "goal"}) {
      RETURN_IF_ERROR(FindBody(model, name).status());
    }
    return CheckModel(model, {.positions = 11, .velocities = 11});
  }

  PusherEnv(const v1::Pusher& options, Simulation simulation)
      : MujocoEnv(std::move(simulation), /*needs_contact_forces=*/false),
        options_(options),
        tip_(*FindBody(mujoco_model(), "tips_arm")),
        object_(*FindBody(mujoco_model(), "object")),
        goal_(*FindBody(mujoco_model(), "goal")) {}

 private:
  // The last positions are the object's two and the goal's two. The object is
  // anywhere in a rectangle, but not on the goal at the origin.
  void Perturb(Rng& rng) override {
    constexpr double kMinDistance = 0.17;
    double x, y;
    do {
      x = rng.Uniform(-0.3, 0);
      y = rng.Uniform(-0.2, 0.2);
    } while (x * x + y * y <= kMinDistance * kMinDistance);
    double* positions = data()->qpos + model()->nq - 4;
    positions[0] = x;
    positions[1] = y;
    positions[2] = positions[3] = 0;
    PerturbVelocities(rng, 0.005);
    double* velocities = data()->qvel + model()->nv - 4;
    for (int i = 0; i < 4; ++i) velocities[i] = 0;
  }

  Verdict AfterStep() override {
    const double near =
        -Distance(body(object_), body(tip_)) * options_.reward_near_weight();
    const double dist =
        -Distance(body(object_), body(goal_)) * options_.reward_dist_weight();
    const double ctrl =
        -SumOfSquaredControls() * options_.reward_control_weight();
    return {dist + ctrl + near, false};
  }

  void Observe(ObservationWriter& out) const override {
    out.Add(state().qpos, 7);
    out.Add(state().qvel, 7);
    for (const int i : {tip_, object_, goal_}) out.Add(body(i), 3);
  }

  v1::Pusher options_;
  int tip_;
  int object_;
  int goal_;
};

STARLING_REGISTER_ENV(pusher, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<PusherEnv>(config, config.pusher(), 100);
});

}  // namespace
}  // namespace starling
