// Pictures of a race from above, the car's way up.
#ifndef STARLING_ENVS_PIXELS_CAR_PAINTER_H_
#define STARLING_ENVS_PIXELS_CAR_PAINTER_H_

#include <array>
#include <cstdint>
#include <vector>

#include "envs/pixels/car_race.h"
#include "proto/env.pb.h"

namespace starling {

class CarPainter {
 public:
  explicit CarPainter(v1::CarRacing::Variant variant) : variant_(variant) {}

  // A new episode: draws what differs from one to the next.
  void Reset(Rng rng);
  // rgb [height, width, 3] of the race after so many seconds; in the first one
  // the view comes nearer. Costs about the pixels plus 30 polygons.
  void Paint(const CarRace& race, double seconds, int height, int width,
             uint8_t* rgb);

 private:
  using Color = std::array<double, 3>;

  const v1::CarRacing::Variant variant_;
  Rng snow_{0};
  Color road_ = {}, grass_ = {}, patch_ = {};
};

}  // namespace starling

#endif  // STARLING_ENVS_PIXELS_CAR_PAINTER_H_
