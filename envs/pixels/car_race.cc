#include "envs/pixels/car_race.h"

#include <cmath>

namespace starling {

void CarRace::Reset(Rng rng) {
  track_.Draw(&rng);
  car_.Place(track_.tiles()[0].middle, track_.tiles()[0].heading);
  // Where its wheels stand; those tiles count from the first step on.
  for (const bool is_new : {true, false}) {
    visited_.assign(track_.size(), false);
    num_visited_ = 0;
    if (is_new) Touch();
  }
}

int CarRace::Touch() {
  int found = 0;
  for (int i = 0; i < CarBody::kWheels; ++i) {
    const std::vector<int>& pieces = track_.PiecesAt(car_.WheelAt(i));
    on_road_[i] = !pieces.empty();
    for (const int piece : pieces) {
      if (visited_[piece]) continue;
      visited_[piece] = true;
      ++found;
    }
  }
  num_visited_ += found;
  return found;
}

CarRace::Result CarRace::Step(double steer, double gas, double brake) {
  car_.Step(steer, gas, brake, on_road_);
  const int before = num_visited_;
  Touch();
  double reward = -0.1 + 1000.0 * (num_visited_ - before) / track_.size();
  if (std::fabs(car_.position().x) > CarTrack::kField ||
      std::fabs(car_.position().y) > CarTrack::kField) {
    return {reward - 100, End::kLeft};
  }
  return {reward, num_visited_ == track_.size() ? End::kLap : End::kNone};
}

}  // namespace starling
