// The humanoid, lying, that gets up ("Synthesis and Stabilization of Complex
// Behaviors through Online Trajectory Optimization").
#include <utility>

#include "base/log.h"
#include "envs/mujoco/humanoid_body.h"

namespace starling {
namespace {

class HumanoidStandupEnv final : public MujocoEnv {
 public:
  static absl::Status Check(const v1::HumanoidStandup& options,
                            const MujocoModel& model) {
    RETURN_IF_ERROR(CheckRange("humanoid_standup.impact_cost",
                               options.impact_cost_min(),
                               options.impact_cost_max()));
    if (options.uph_cost_weight() != 1) {
      LOG_FIRST_N(WARNING, 1)
          << "humanoid_standup.uph_cost_weight = " << options.uph_cost_weight()
          << " has no effect, as in Gymnasium";
    }
    return CheckHumanoid(model);
  }

  HumanoidStandupEnv(const v1::HumanoidStandup& options, Simulation simulation)
      : MujocoEnv(std::move(simulation), /*needs_contact_forces=*/true),
        options_(options),
        parts_(HumanoidParts::Of(options)) {}

 private:
  void Perturb(Rng& rng) override {
    PerturbPositions(rng, options_.reset_noise_scale());
    PerturbVelocities(rng, options_.reset_noise_scale());
  }

  // Height over the time of one engine step, whatever frame_skip is.
  Verdict AfterStep() override {
    const double up = state().qpos[2] / model()->opt.timestep;
    const double ctrl_cost =
        options_.ctrl_cost_weight() * SumOfSquaredControls();
    const double impact_cost = ContactForceCost(
        *model(), state(), options_.impact_cost_weight(),
        options_.impact_cost_min(), options_.impact_cost_max());
    return {up - ctrl_cost - impact_cost + 1, false};
  }

  void Observe(ObservationWriter& out) const override {
    ObserveHumanoid(*model(), state(), parts_, out);
  }

  v1::HumanoidStandup options_;
  HumanoidParts parts_;
};

STARLING_REGISTER_ENV(humanoid_standup, [](const v1::EnvConfig& config) {
  return CreateMujocoEnv<HumanoidStandupEnv>(config, config.humanoid_standup(),
                                             1000);
});

}  // namespace
}  // namespace starling
