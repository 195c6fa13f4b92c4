// A pole on a cart that is pushed left or right: Gymnasium's CartPole-v1.
//
// state: position (m), speed, angle (rad, 0 upright), angular speed.
// action: the choice 0 (push left) or 1 (push right).
// Paper: "Neuronlike Adaptive Elements That Can Solve Difficult Learning
// Control Problems".
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

constexpr uint32_t kMaxSteps = 500;
constexpr double kStartSpread = 0.05;

class CartpoleEnv : public Env {
 public:
  static absl::StatusOr<std::unique_ptr<Env>> Create(
      const v1::EnvConfig& config) {
    const std::vector<std::string> violations = RangeViolations(config, {});
    if (!violations.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(violations, "; "));
    }
    return std::make_unique<CartpoleEnv>(config);
  }

  explicit CartpoleEnv(const v1::EnvConfig& config)
      : options_(config.cartpole()) {
    spec_.set_name("cartpole");
    spec_.set_state_size(4);
    NameNumbers({{"cart/position", "m"},
                 {"cart/velocity", "m/s"},
                 {"pole/position", "rad"},
                 {"pole/velocity", "rad/s"}},
                spec_.mutable_state_names());
    NameNumbers({{"push", ""}}, spec_.mutable_action_names());
    spec_.set_action_size(1);
    spec_.add_action_low(0);
    spec_.add_action_high(1);
    spec_.set_num_choices(2);
    spec_.set_control_period_s(options_.control_period_s());
    spec_.set_max_steps(config.max_steps() > 0 ? config.max_steps()
                                               : kMaxSteps);
  }

  const v1::EnvSpec& spec() const override { return spec_; }

  void Reset(Rng rng) override {
    steps_ = 0;
    position_[0] = rng.Uniform(-kStartSpread, kStartSpread);
    velocity_[0] = rng.Uniform(-kStartSpread, kStartSpread);
    position_[1] = rng.Uniform(-kStartSpread, kStartSpread);
    velocity_[1] = rng.Uniform(-kStartSpread, kStartSpread);
    Observe();
  }

  StepResult Step(ConstVectorRef action) override {
    if (!(action[0] >= 0 && action[0] <= 1)) return {0, Outcome::kDiverged};
    const double force =
        action[0] >= 0.5f ? options_.force_n() : -options_.force_n();
    const double sine = Sin(position_[1]);
    const double cosine = Cos(position_[1]);
    const double length = options_.half_length_m();
    const double mass = options_.cart_mass_kg() + options_.pole_mass_kg();

    const double pull = (force + options_.pole_mass_kg() * length *
                                     velocity_[1] * velocity_[1] * sine) /
                        mass;
    const double turn = (options_.gravity_m_per_s2() * sine - cosine * pull) /
                        (length * (4.0 / 3.0 - options_.pole_mass_kg() *
                                                   cosine * cosine / mass));
    const double push =
        pull - options_.pole_mass_kg() * length * turn * cosine / mass;

    const double period = options_.control_period_s();
    position_[0] += period * velocity_[0];
    velocity_[0] += period * push;
    position_[1] += period * velocity_[1];
    velocity_[1] += period * turn;
    ++steps_;
    Observe();

    if (std::fabs(position_[0]) > options_.max_position_m() ||
        std::fabs(position_[1]) > options_.max_angle_rad()) {
      return {1, Outcome::kTerminated};
    }
    return {1, steps_ >= static_cast<int64_t>(spec_.max_steps())
                   ? Outcome::kTruncated
                   : Outcome::kRunning};
  }

  Observation observation() const override {
    return {Eigen::Map<const Eigen::VectorXf>(state_, 4), ImageView{}};
  }

  PhysicsState physics_state() const override {
    return {.qpos = position_, .qvel = velocity_};
  }

  bool Draw(int height, int width, uint8_t* rgb) override {
    const double length = 2 * options_.half_length_m();
    // The picture follows the cart; a post every two pole lengths shows that
    // it moves.
    Raster raster(height, width, 1.3 * length, rgb);
    raster.Fill({255, 255, 255});
    const double track = -0.5 * length;
    raster.Line({-9 * length, track}, {9 * length, track}, 0.02 * length,
                {0, 0, 0});
    const double post = 2 * length;
    const double offset = position_[0] - post * std::floor(position_[0] / post);
    for (int i = -3; i <= 4; ++i) {
      const double x = i * post - offset;
      raster.Line({x, track}, {x, track - 0.2 * length}, 0.04 * length,
                  {150, 150, 150});
    }
    raster.Line({-0.2 * length, track + 0.1 * length},
                {0.2 * length, track + 0.1 * length}, 0.2 * length,
                {40, 40, 40});
    const Point hinge = {0, track + 0.15 * length};
    raster.Line(
        hinge,
        {length * Sin(position_[1]), hinge.y + length * Cos(position_[1])},
        0.08 * length, {202, 152, 101});
    raster.Disc(hinge, 0.05 * length, {129, 132, 203});
    return true;
  }

 private:
  void Observe() {
    state_[0] = static_cast<float>(position_[0]);
    state_[1] = static_cast<float>(velocity_[0]);
    state_[2] = static_cast<float>(position_[1]);
    state_[3] = static_cast<float>(velocity_[1]);
  }

  const v1::Cartpole options_;
  v1::EnvSpec spec_;
  int64_t steps_ = 0;
  // Of the cart and the pole.
  double position_[2] = {0, 0};
  double velocity_[2] = {0, 0};
  float state_[4] = {0, 0, 0, 0};
};

STARLING_REGISTER_ENV(cartpole, CartpoleEnv::Create);

}  // namespace
}  // namespace starling
