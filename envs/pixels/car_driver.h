// A driver by rule, who knows the track: what `car_racing` is worth.
#ifndef STARLING_ENVS_PIXELS_CAR_DRIVER_H_
#define STARLING_ENVS_PIXELS_CAR_DRIVER_H_

#include <array>

#include "envs/pixels/car_race.h"

namespace starling {

// Pursues a point of the road's middle ahead, the farther the faster, and
// brakes before bends.
class CarDriver {
 public:
  void Reset() { nearest_ = 0; }
  // steer, gas, brake.
  std::array<float, 3> Drive(const CarRace& race);

 private:
  int nearest_ = 0;
};

}  // namespace starling

#endif  // STARLING_ENVS_PIXELS_CAR_DRIVER_H_
