#include "envs/pixels/car_body.h"

#include <algorithm>
#include <cmath>

#include "base/math_double.h"

namespace starling {
namespace {

constexpr double kMass = 7.30, kInertia = 19.17;
// The centre of mass, ahead of the reference point.
constexpr double kCentre = -0.080;
constexpr double kWheelInertia = 1.6;
constexpr double kEnginePower = 40000;
constexpr double kSlipForce = 82;  // per unit of speed
constexpr double kRoadGrip = 400, kGrassGrip = 240;
constexpr double kLargestSteer = 0.4;

}  // namespace

void CarBody::Place(Spot at, double heading) {
  *this = CarBody();
  position_ = at;
  heading_ = heading;
}

double CarBody::speed() const {
  return std::sqrt(velocity_.x * velocity_.x + velocity_.y * velocity_.y);
}

Spot CarBody::WheelOnHull(int i) {
  return {i % 2 == 0 ? -1.1 : 1.1, i < 2 ? 1.6 : -1.64};
}

Spot CarBody::At(Spot on_hull) const {
  const double c = Cos(heading_), s = Sin(heading_);
  return {position_.x + c * on_hull.x - s * on_hull.y,
          position_.y + s * on_hull.x + c * on_hull.y};
}

Spot CarBody::WheelAt(int i) const { return At(WheelOnHull(i)); }

void CarBody::Step(double steer, double gas, double brake,
                   const std::array<bool, kWheels>& on_road) {
  const Spot centre = At({0, kCentre});
  Spot force = {0, 0};
  double torque = 0;
  for (int i = 0; i < kWheels; ++i) {
    Wheel& wheel = wheels_[i];
    const Spot at = WheelAt(i);
    if (i < 2) {
      const double error = -kLargestSteer * steer - wheel.angle;
      const double rate = std::min(50 * std::fabs(error), 3.0);
      wheel.angle =
          std::clamp(wheel.angle + kPeriod * (error < 0 ? -rate : rate),
                     -kLargestSteer, kLargestSteer);
    } else {
      wheel.gas = std::min(gas, wheel.gas + 0.1);
    }
    wheel.spin += kPeriod * kEnginePower * wheel.gas /
                  (kWheelInertia * (std::fabs(wheel.spin) + 5));
    if (brake >= 0.9) {
      wheel.spin = 0;
    } else {
      const double less = std::min(15 * brake, std::fabs(wheel.spin));
      wheel.spin -= wheel.spin < 0 ? -less : less;
    }
    // Of the tyre against the ground, ahead and to the right.
    const double c = Cos(heading_ + wheel.angle);
    const double s = Sin(heading_ + wheel.angle);
    const double arm_x = at.x - centre.x, arm_y = at.y - centre.y;
    const double vx = velocity_.x - turning_ * arm_y;
    const double vy = velocity_.y + turning_ * arm_x;
    double along =
        kSlipForce * (wheel.spin * kWheelRadius - (-s * vx + c * vy));
    double across = -kSlipForce * (c * vx + s * vy);
    const double grip = on_road[i] ? kRoadGrip : kGrassGrip;
    const double size = std::sqrt(along * along + across * across);
    if (size > grip) {
      along *= grip / size;
      across *= grip / size;
    }
    wheel.spin -= kPeriod * along * kWheelRadius / kWheelInertia;
    const double fx = -s * along + c * across;
    const double fy = c * along + s * across;
    force.x += fx;
    force.y += fy;
    torque += arm_x * fy - arm_y * fx;
  }
  velocity_.x += kPeriod * force.x / kMass;
  velocity_.y += kPeriod * force.y / kMass;
  turning_ += kPeriod * torque / kInertia;
  // The centre of mass moves with the velocity; the hull turns about it.
  const Spot moved = {centre.x + kPeriod * velocity_.x,
                      centre.y + kPeriod * velocity_.y};
  heading_ += kPeriod * turning_;
  position_ = {moved.x + Sin(heading_) * kCentre,
               moved.y - Cos(heading_) * kCentre};
}

}  // namespace starling
