// A rod on a hinge with a motor too weak to lift it: Gymnasium's Pendulum-v1.
//
//   angular acceleration = 3 g / (2 l) sin(angle) + 3 / (m l^2) torque
//
// state: cos(angle), sin(angle), speed; angle 0 upright. action: torque.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "base/math_double.h"
#include "base/validate.h"
#include "envs/classic/raster.h"
#include "envs/env.h"

namespace starling {
namespace {

constexpr uint32_t kMaxSteps = 200;

// The same angle in [-pi, pi).
double Wrap(double angle) {
  return angle - 2 * kPi * std::floor((angle + kPi) / (2 * kPi));
}

class PendulumEnv : public Env {
 public:
  static absl::StatusOr<std::unique_ptr<Env>> Create(
      const v1::EnvConfig& config) {
    const std::vector<std::string> violations = RangeViolations(config, {});
    if (!violations.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(violations, "; "));
    }
    return std::make_unique<PendulumEnv>(config);
  }

  explicit PendulumEnv(const v1::EnvConfig& config)
      : options_(config.pendulum()) {
    const auto torque = static_cast<float>(options_.max_torque_nm());
    spec_.set_name("pendulum");
    spec_.set_state_size(3);
    NameNumbers(
        {{"angle/cosine", ""}, {"angle/sine", ""}, {"angle/velocity", "rad/s"}},
        spec_.mutable_state_names());
    NameNumbers({{"torque", "N m"}}, spec_.mutable_action_names());
    spec_.set_action_size(1);
    spec_.add_action_low(-torque);
    spec_.add_action_high(torque);
    spec_.set_control_period_s(options_.control_period_s());
    spec_.set_max_steps(config.max_steps() > 0 ? config.max_steps()
                                               : kMaxSteps);
  }

  const v1::EnvSpec& spec() const override { return spec_; }

  void Reset(Rng rng) override {
    steps_ = 0;
    angle_ = rng.Uniform(-kPi, kPi);
    speed_ = rng.Uniform(-1, 1);
    torque_ = 0;
    Observe();
  }

  StepResult Step(ConstVectorRef action) override {
    const double period = options_.control_period_s();
    const double length = options_.length_m();
    const double angle = Wrap(angle_);
    torque_ = action[0];
    const double cost =
        angle * angle + 0.1 * speed_ * speed_ + 0.001 * torque_ * torque_;

    const double acceleration =
        3 * options_.gravity_m_per_s2() / (2 * length) * Sin(angle_) +
        3 / (options_.mass_kg() * length * length) * torque_;
    speed_ += acceleration * period;
    // NaN stays NaN, and is seen below.
    speed_ = std::clamp(speed_, -options_.max_speed_rad_per_s(),
                        options_.max_speed_rad_per_s());
    angle_ = Wrap(angle_ + speed_ * period);
    ++steps_;
    Observe();

    if (!std::isfinite(angle_)) return {-cost, Outcome::kDiverged};
    return {-cost, steps_ >= static_cast<int64_t>(spec_.max_steps())
                       ? Outcome::kTruncated
                       : Outcome::kRunning};
  }

  Observation observation() const override {
    return {Eigen::Map<const Eigen::VectorXf>(state_, 3), ImageView{}};
  }

  PhysicsState physics_state() const override {
    return {.qpos = {&angle_, 1}, .qvel = {&speed_, 1}};
  }

  bool Draw(int height, int width, uint8_t* rgb) override {
    const double length = options_.length_m();
    Raster raster(height, width, 1.3 * length, rgb);
    raster.Fill({255, 255, 255});
    const Point tip = {-length * Sin(angle_), length * Cos(angle_)};
    raster.Line({0, 0}, tip, 0.2 * length, {204, 77, 77});
    raster.Disc({0, 0}, 0.05 * length, {0, 0, 0});
    // The torque, as a bar to the side that it pushes to.
    const double bar = 1.2 * length * torque_ / options_.max_torque_nm();
    raster.Line({0, -1.2 * length}, {-bar, -1.2 * length}, 0.05 * length,
                {60, 110, 190});
    return true;
  }

 private:
  void Observe() {
    state_[0] = static_cast<float>(Cos(angle_));
    state_[1] = static_cast<float>(Sin(angle_));
    state_[2] = static_cast<float>(speed_);
  }

  const v1::Pendulum options_;
  v1::EnvSpec spec_;
  int64_t steps_ = 0;
  double angle_ = 0;
  double speed_ = 0;
  double torque_ = 0;
  float state_[3] = {1, 0, 0};
};

STARLING_REGISTER_ENV(pendulum, PendulumEnv::Create);

}  // namespace
}  // namespace starling
