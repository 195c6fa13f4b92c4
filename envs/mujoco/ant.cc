// A quadruped that runs ("High-Dimensional Continuous Control Using Generalized
// Advantage Estimation").
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "envs/mujoco/locomotion_env.h"
#include "envs/mujoco/numpy_order.h"

namespace starling {
namespace {

// A name comes before a number that looks the same.
absl::StatusOr<int> MainBody(const v1::Ant& options, const MujocoModel& model) {
  absl::StatusOr<int> named = FindBody(model, options.main_body());
  int number;
  if (named.ok()) return named;
  if (!absl::SimpleAtoi(options.main_body(), &number)) {
    return absl::InvalidArgumentError(
        absl::StrCat("ant.main_body: ", named.status().message()));
  }
  if (number >= 0 && number < model.get()->nbody) return number;
  return absl::InvalidArgumentError(
      absl::StrCat("ant.main_body = ", number, ": xml_file ", model.xml_file(),
                   " has the bodies 0 to ", model.get()->nbody - 1));
}

class AntEnv final : public LocomotionEnv {
 public:
  static absl::Status Check(const v1::Ant& options, const MujocoModel& model) {
    RETURN_IF_ERROR(CheckRange("ant.healthy_z", options.healthy_z_min(),
                               options.healthy_z_max()));
    RETURN_IF_ERROR(CheckRange("ant.contact_force", options.contact_force_min(),
                               options.contact_force_max()));
    RETURN_IF_ERROR(MainBody(options, model).status());
    return CheckModel(model, {.positions = 3});
  }

  AntEnv(const v1::Ant& options, Simulation simulation)
      : LocomotionEnv(
            std::move(simulation),
            {options.forward_reward_weight(), options.ctrl_cost_weight(),
             options.healthy_reward(), options.terminate_when_unhealthy()},
            /*needs_contact_forces=*/true),
        options_(options),
        main_body_(*MainBody(options, mujoco_model())),
        skip_(options.exclude_current_positions_from_observation() ? 2 : 0),
        clipped_forces_(6 * model()->nbody) {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, options_.reset_noise_scale());
    PerturbVelocitiesNormally(rng, options_.reset_noise_scale());
  }

  double ForwardPosition() const override {
    return state().xpos[3 * main_body_];
  }

  bool IsHealthy() const override {
    const double z = state().qpos[2];
    return options_.healthy_z_min() <= z && z <= options_.healthy_z_max();
  }

  double ContactCost() const override {
    const int n = 6 * model()->nbody;
    for (int i = 0; i < n; ++i) {
      clipped_forces_[i] =
          std::clamp(state().cfrc_ext[i], options_.contact_force_min(),
                     options_.contact_force_max());
    }
    return options_.contact_cost_weight() *
           SumOfSquaresInNumpyOrder(clipped_forces_.data(), n);
  }

  void Observe(ObservationWriter& out) const override {
    ObserveMotion(skip_, /*clip_velocities=*/false, out);
    if (!options_.include_cfrc_ext_in_observation()) return;
    // The world, body 0, is left out.
    out.AddClipped(state().cfrc_ext + 6, 6 * (model()->nbody - 1),
                   options_.contact_force_min(), options_.contact_force_max());
  }

  v1::Ant options_;
  int main_body_;
  int skip_;
  mutable std::vector<double> clipped_forces_;
};

STARLING_REGISTER_ENV(ant, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<AntEnv>(config, config.ant(), 1000);
});

}  // namespace
}  // namespace starling
