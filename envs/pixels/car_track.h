// A closed road through a field, drawn at random: where `car_racing` drives.
//
// The rules of Gymnasium's CarRacing: twelve points around the middle, and a
// road that steers from one to the next, a little at a time. Lengths in the
// task's own unit, of which a car is about 2.5 wide.
#ifndef STARLING_ENVS_PIXELS_CAR_TRACK_H_
#define STARLING_ENVS_PIXELS_CAR_TRACK_H_

#include <vector>

#include "base/rng.h"

namespace starling {

struct Spot {
  double x, y;
};

class CarTrack {
 public:
  static constexpr double kHalfWidth = 40.0 / 6;
  // Beyond this, both ways, the field ends.
  static constexpr double kField = 2000.0 / 6;

  // From a point of the road's middle to the next; the heading is that of the
  // way there, 0 along y, growing to the left.
  struct Tile {
    Spot middle;
    double heading;
    // On which side there is a kerb: -1 left, 1 right, 0 none.
    int kerb;
  };

  CarTrack();

  // Draws until a road closes. A pure function of `rng`. No allocation.
  void Draw(Rng* rng);

  const std::vector<Tile>& tiles() const { return tiles_; }
  int size() const { return static_cast<int>(tiles_.size()); }
  // Left (-1) or right (1) of the road at tile i, so far from its middle.
  Spot Beside(int i, int side, double distance) const;
  // The tiles, piece i from tile i - 1 to tile i, on which a spot lies: none
  // off the road, mostly one, two where the road turns.
  const std::vector<int>& PiecesAt(Spot spot) const;

 private:
  // False: the ends do not meet.
  bool TryDraw(Rng* rng);
  void AddKerbs();
  void IndexPieces();
  bool IsOn(int piece, Spot spot) const;

  // A step of the way, and the angle at which it is seen from the middle.
  struct Step {
    double angle;
    Tile tile;
  };

  std::vector<Step> way_;
  std::vector<Tile> tiles_;
  std::vector<int> kerbs_;
  // Pieces by the cells of a net over the field that they may touch: those of
  // cell i are entries_[first_[i]] up to first_[i + 1].
  std::vector<int> first_, entries_;
  mutable std::vector<int> found_;
};

}  // namespace starling

#endif  // STARLING_ENVS_PIXELS_CAR_TRACK_H_
