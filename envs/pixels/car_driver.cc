#include "envs/pixels/car_driver.h"

#include <algorithm>
#include <cmath>

#include "base/math_double.h"

namespace starling {
namespace {

constexpr double kTopSpeed = 80, kBendSpeed = 55, kSharpSpeed = 35;

// Into [-pi, pi).
double Wrap(double angle) {
  return angle - 2 * kPi * std::floor((angle + kPi) / (2 * kPi));
}

}  // namespace

std::array<float, 3> CarDriver::Drive(const CarRace& race) {
  const CarTrack& track = race.track();
  const CarBody& car = race.car();
  const int n = track.size();
  const auto distance = [&](int tile) {
    const Spot at = track.tiles()[tile].middle;
    const double x = at.x - car.position().x, y = at.y - car.position().y;
    return x * x + y * y;
  };
  // The car does not jump: look around the last place only.
  int best = nearest_;
  for (int i = -5; i <= 15; ++i) {
    const int tile = (nearest_ + i + n) % n;
    if (distance(tile) < distance(best)) best = tile;
  }
  nearest_ = best;

  const double speed = car.speed();
  const int ahead = static_cast<int>(4 + 0.12 * speed);
  const Spot aim = track.tiles()[(nearest_ + ahead) % n].middle;
  const double x = aim.x - car.position().x, y = aim.y - car.position().y;
  const double c = Cos(car.heading()), s = Sin(car.heading());
  const double right = c * x + s * y, front = -s * x + c * y;
  const double steer = std::clamp(2.5 * Atan2(right, front), -1.0, 1.0);

  // The sharpest bend within what it takes to brake.
  double sharpest = 0;
  const int far = static_cast<int>(6 + 0.3 * speed);
  for (int i = 0; i < far; ++i) {
    const double turn = Wrap(track.tiles()[(nearest_ + i + 4) % n].heading -
                             track.tiles()[(nearest_ + i) % n].heading);
    sharpest = std::max(sharpest, std::fabs(turn));
  }
  const double target = sharpest > 0.8   ? kSharpSpeed
                        : sharpest > 0.4 ? kBendSpeed
                                         : kTopSpeed;
  const double gas = speed < target ? 0.6 : 0;
  const double brake = speed > target + 5 ? 0.5 : 0;
  return {static_cast<float>(steer), static_cast<float>(gas),
          static_cast<float>(brake)};
}

}  // namespace starling
