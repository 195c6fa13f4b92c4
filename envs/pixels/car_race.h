// A car on a track and what it has reached: `car_racing` without its pictures.
#ifndef STARLING_ENVS_PIXELS_CAR_RACE_H_
#define STARLING_ENVS_PIXELS_CAR_RACE_H_

#include <vector>

#include "envs/pixels/car_body.h"
#include "envs/pixels/car_track.h"

namespace starling {

class CarRace {
 public:
  enum class End { kNone, kLap, kLeft };
  struct Result {
    double reward;
    End end;
  };

  // Room for any track: a race allocates nothing.
  CarRace() { visited_.reserve(4096); }

  // A new track, the car at rest at its beginning.
  void Reset(Rng rng);
  // One period of driving: -0.1, and for each tile that a wheel is on for the
  // first time 1000 / tiles. Off the field: -100 and the end; all tiles: the
  // end.
  Result Step(double steer, double gas, double brake);

  const CarTrack& track() const { return track_; }
  const CarBody& car() const { return car_; }
  int visited() const { return num_visited_; }

 private:
  // Which wheels are on the road; counts the tiles that are new.
  int Touch();

  CarTrack track_;
  CarBody car_;
  std::vector<bool> visited_;
  int num_visited_ = 0;
  std::array<bool, CarBody::kWheels> on_road_ = {};
};

}  // namespace starling

#endif  // STARLING_ENVS_PIXELS_CAR_RACE_H_
