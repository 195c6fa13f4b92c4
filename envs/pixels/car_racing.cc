// A car on a random track, seen from above: `car_racing`. The race itself is in
// car_race.h, its pictures in car_painter.h.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "base/validate.h"
#include "envs/env.h"
#include "envs/pixels/car_painter.h"
#include "envs/pixels/car_race.h"

namespace starling {
namespace {

constexpr uint32_t kMaxSteps = 1000;

class CarRacingEnv : public Env {
 public:
  static absl::StatusOr<std::unique_ptr<Env>> Create(
      const v1::EnvConfig& config) {
    const std::vector<std::string> violations = RangeViolations(config, {});
    if (!violations.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(violations, "; "));
    }
    return std::make_unique<CarRacingEnv>(config);
  }

  explicit CarRacingEnv(const v1::EnvConfig& config)
      : options_(config.car_racing()),
        size_(static_cast<int>(options_.size())),
        painter_(options_.variant()),
        frame_(size_ * size_ * 3) {
    spec_.set_name("car_racing");
    spec_.set_state_size(0);
    spec_.set_image_height(size_);
    spec_.set_image_width(size_);
    spec_.set_image_channels(3);
    NameNumbers({{"steering", ""}, {"gas", ""}, {"brake", ""}},
                spec_.mutable_action_names());
    spec_.set_action_size(3);
    for (const float low : {-1.0f, 0.0f, 0.0f}) {
      spec_.add_action_low(low);
      spec_.add_action_high(1);
    }
    spec_.set_control_period_s(CarBody::kPeriod);
    spec_.set_max_steps(config.max_steps() > 0 ? config.max_steps()
                                               : kMaxSteps);
  }

  const v1::EnvSpec& spec() const override { return spec_; }

  void Reset(Rng rng) override {
    // Each of its own: what it looks like changes nothing that moves.
    const uint64_t key = uint64_t{rng.Word()} << 32 | rng.Word();
    race_.Reset(Rng(DeriveSeed(key, Stream::kEnv, 0, 0, 0)));
    painter_.Reset(Rng(DeriveSeed(key, Stream::kEnv, 1, 0, 0)));
    steps_ = steps_without_ = 0;
    Observe();
  }

  StepResult Step(ConstVectorRef action) override {
    if (!std::isfinite(action[0] + action[1] + action[2])) {
      return {0, Outcome::kDiverged};
    }
    const CarRace::Result result =
        race_.Step(double{action[0]}, double{action[1]}, double{action[2]});
    ++steps_;
    steps_without_ = result.reward < 0 ? steps_without_ + 1 : 0;
    Observe();
    const bool gives_up = options_.give_up_after() > 0 &&
                          steps_without_ >= options_.give_up_after();
    Outcome outcome = Outcome::kRunning;
    if (result.end != CarRace::End::kNone || gives_up) {
      outcome = Outcome::kTerminated;
    } else if (steps_ >= spec_.max_steps()) {
      outcome = Outcome::kTruncated;
    }
    return {result.reward, outcome};
  }

  Observation observation() const override {
    return {Eigen::Map<const Eigen::VectorXf>(nullptr, 0),
            {frame_.data(), size_, size_, 3}};
  }

  // Place and heading; velocity and turning.
  PhysicsState physics_state() const override {
    return {.qpos = positions_, .qvel = velocities_};
  }

  bool Draw(int height, int width, uint8_t* rgb) override {
    CarPainter painter = painter_;
    painter.Paint(race_, Seconds(), height, width, rgb);
    return true;
  }

 private:
  double Seconds() const { return steps_ * CarBody::kPeriod; }

  void Observe() {
    painter_.Paint(race_, Seconds(), size_, size_, frame_.data());
    const CarBody& car = race_.car();
    positions_ = {car.position().x, car.position().y, car.heading()};
    velocities_ = {car.velocity().x, car.velocity().y, car.turning()};
  }

  const v1::CarRacing options_;
  const int size_;
  v1::EnvSpec spec_;
  CarRace race_;
  CarPainter painter_;
  std::vector<uint8_t> frame_;
  uint32_t steps_ = 0, steps_without_ = 0;
  std::array<double, 3> positions_ = {}, velocities_ = {};
};

STARLING_REGISTER_ENV(car_racing, CarRacingEnv::Create);

}  // namespace
}  // namespace starling
