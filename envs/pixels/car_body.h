// A car as one rigid body on four wheels that slip, in the plane.
//
// Forces and sizes of Gymnasium's CarRacing, whose hull and wheels are five
// bodies in joints; so returns are alike, not equal. Semi-implicit Euler steps.
#ifndef STARLING_ENVS_PIXELS_CAR_BODY_H_
#define STARLING_ENVS_PIXELS_CAR_BODY_H_

#include <array>

#include "envs/pixels/car_track.h"

namespace starling {

class CarBody {
 public:
  static constexpr double kPeriod = 0.02;  // s
  static constexpr double kWheelRadius = 0.54;
  static constexpr int kWheels =
      4;  // front left and right, rear left and right

  struct Wheel {
    double angle = 0;  // against the hull, to the left
    double spin = 0;   // rad/s
    double gas = 0;
  };

  // At rest, heading as a tile's does.
  void Place(Spot at, double heading);
  // One period. steer in [-1, 1], to the right; gas and brake in [0, 1];
  // `on_road` of each wheel.
  void Step(double steer, double gas, double brake,
            const std::array<bool, kWheels>& on_road);

  Spot position() const { return position_; }
  double heading() const { return heading_; }
  Spot velocity() const { return velocity_; }
  double speed() const;
  // Of the hull, rad/s to the left.
  double turning() const { return turning_; }
  const std::array<Wheel, kWheels>& wheels() const { return wheels_; }
  // A place on the hull, x to the right and y ahead of its reference point.
  Spot At(Spot on_hull) const;
  Spot WheelAt(int i) const;
  static Spot WheelOnHull(int i);

 private:
  Spot position_ = {}, velocity_ = {};
  double heading_ = 0, turning_ = 0;
  std::array<Wheel, kWheels> wheels_;
};

}  // namespace starling

#endif  // STARLING_ENVS_PIXELS_CAR_BODY_H_
