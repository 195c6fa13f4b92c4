#include "envs/pixels/car_track.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/math_double.h"

namespace starling {
namespace {

constexpr int kPoints = 12;
constexpr double kRadius = 900.0 / 6;
constexpr double kStep = 21.0 / 6;
// Of the heading, a step.
constexpr double kLargestTurn = 0.31;
constexpr int kLongestWay = 2500;
// Turns so sharp, so many in a row, have a kerb.
constexpr double kKerbTurn = 0.2 * kLargestTurn;
constexpr int kKerbTurns = 4;
// Of the net, and its cells.
constexpr int kCells = 64;
constexpr double kNet = CarTrack::kField + 40;

// One of the points that the road makes for.
struct Aim {
  double angle;
  Spot at;
};

int CellOf(double x) {
  return std::clamp(static_cast<int>((x + kNet) / (2 * kNet) * kCells), 0,
                    kCells - 1);
}

double Cross(Spot a, Spot b, Spot c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

}  // namespace

CarTrack::CarTrack() {
  way_.reserve(kLongestWay);
  tiles_.reserve(kLongestWay);
  kerbs_.reserve(kLongestWay);
  first_.resize(kCells * kCells + 1);
  // A piece is not much larger than a cell.
  entries_.reserve(9 * kLongestWay);
  found_.reserve(64);
}

void CarTrack::Draw(Rng* rng) {
  while (!TryDraw(rng)) {
  }
  AddKerbs();
  IndexPieces();
}

bool CarTrack::TryDraw(Rng* rng) {
  std::array<Aim, kPoints> aims;
  for (int i = 0; i < kPoints; ++i) {
    double angle = 2 * kPi * i / kPoints + rng->Uniform(0, 2 * kPi / kPoints);
    double radius = rng->Uniform(kRadius / 3, kRadius);
    if (i == 0 || i == kPoints - 1) {
      angle = 2 * kPi * i / kPoints;
      radius = 1.5 * kRadius;
    }
    aims[i] = {angle, {radius * Cos(angle), radius * Sin(angle)}};
  }
  // The lap begins where this angle is passed.
  const double start = -kPi / kPoints;

  way_.clear();
  Spot at = {1.5 * kRadius, 0};
  double heading = 0;
  int aim = 0, laps = 0;
  bool was_below = false;
  while (static_cast<int>(way_.size()) < kLongestWay && laps < 5) {
    double angle = Atan2(at.y, at.x);
    if (was_below && angle > 0) {
      ++laps;
      was_below = false;
    }
    if (angle < 0) {
      was_below = true;
      angle += 2 * kPi;
    }
    // The next point ahead; behind the last one comes the first, a turn later.
    while (angle > aims[aim].angle) {
      if (++aim < kPoints) continue;
      aim = 0;
      angle -= 2 * kPi;
    }
    while (heading - angle > 1.5 * kPi) heading -= 2 * kPi;
    while (heading - angle < -1.5 * kPi) heading += 2 * kPi;
    const double before = heading;
    // How far the point lies to the right of the way.
    const double offset = 6 * (Cos(heading) * (aims[aim].at.x - at.x) +
                               Sin(heading) * (aims[aim].at.y - at.y));
    const double turn = std::min(kLargestTurn, std::fabs(0.001 * offset));
    if (offset > 0.3) heading -= turn;
    if (offset < -0.3) heading += turn;
    at.x += -Sin(before) * kStep;
    at.y += Cos(before) * kStep;
    way_.push_back({angle, {at, (before + heading) / 2, 0}});
  }

  // What lies between the last two times that the start is passed.
  int last = -1, first = -1;
  for (int i = static_cast<int>(way_.size()) - 1; i > 0 && first < 0; --i) {
    if (way_[i].angle > start && way_[i - 1].angle <= start) {
      (last < 0 ? last : first) = i;
    }
  }
  if (first < 0) return false;
  tiles_.clear();
  for (int i = first; i < last - 1; ++i) tiles_.push_back(way_[i].tile);
  if (tiles_.size() < 2) return false;
  // Side by side within a step, one behind the other within three.
  const double x = tiles_[0].middle.x - tiles_.back().middle.x;
  const double y = tiles_[0].middle.y - tiles_.back().middle.y;
  const double across = x * Cos(tiles_[0].heading) + y * Sin(tiles_[0].heading);
  return std::fabs(across) <= kStep && x * x + y * y <= 9 * kStep * kStep;
}

void CarTrack::AddKerbs() {
  const int n = size();
  kerbs_.assign(n, 0);
  for (int i = 0; i < n; ++i) {
    int side = 0;
    for (int back = 0; back < kKerbTurns; ++back) {
      const double turn = tiles_[(i - back + n) % n].heading -
                          tiles_[(i - back - 1 + n) % n].heading;
      if (turn > kKerbTurn) ++side;
      if (turn < -kKerbTurn) --side;
    }
    if (std::abs(side) < kKerbTurns) continue;
    // Outside: a way that turns left has it on the right.
    for (int back = 0; back < kKerbTurns; ++back) {
      kerbs_[(i - back + n) % n] = side > 0 ? 1 : -1;
    }
  }
  for (int i = 0; i < n; ++i) tiles_[i].kerb = kerbs_[i];
}

Spot CarTrack::Beside(int i, int side, double distance) const {
  const Tile& tile = tiles_[i];
  return {tile.middle.x + side * distance * Cos(tile.heading),
          tile.middle.y + side * distance * Sin(tile.heading)};
}

void CarTrack::IndexPieces() {
  const int n = size();
  // First how many there are of each cell, then which.
  std::fill(first_.begin(), first_.end(), 0);
  for (const bool is_count : {true, false}) {
    for (int i = 0; i < n; ++i) {
      Spot low = {1e9, 1e9}, high = {-1e9, -1e9};
      for (const int tile : {i, (i + n - 1) % n}) {
        for (const int side : {-1, 1}) {
          const Spot corner = Beside(tile, side, kHalfWidth);
          low = {std::min(low.x, corner.x), std::min(low.y, corner.y)};
          high = {std::max(high.x, corner.x), std::max(high.y, corner.y)};
        }
      }
      for (int row = CellOf(low.y); row <= CellOf(high.y); ++row) {
        for (int column = CellOf(low.x); column <= CellOf(high.x); ++column) {
          int& next = first_[row * kCells + column];
          if (!is_count) entries_[--next] = i;
          next += is_count;
        }
      }
    }
    if (!is_count) break;
    // The end of each cell's, from which they are filled in backwards.
    for (size_t cell = 1; cell < first_.size(); ++cell) {
      first_[cell] += first_[cell - 1];
    }
    entries_.resize(first_.back());
  }
}

bool CarTrack::IsOn(int piece, Spot spot) const {
  const int before = (piece + size() - 1) % size();
  const Spot corners[] = {
      Beside(before, -1, kHalfWidth), Beside(before, 1, kHalfWidth),
      Beside(piece, 1, kHalfWidth), Beside(piece, -1, kHalfWidth)};
  int left = 0, right = 0;
  for (int i = 0; i < 4; ++i) {
    const double cross = Cross(corners[i], corners[(i + 1) % 4], spot);
    left += cross >= 0;
    right += cross <= 0;
  }
  return left == 4 || right == 4;
}

const std::vector<int>& CarTrack::PiecesAt(Spot spot) const {
  found_.clear();
  const int cell = CellOf(spot.y) * kCells + CellOf(spot.x);
  for (int i = first_[cell]; i < first_[cell + 1]; ++i) {
    if (IsOn(entries_[i], spot)) found_.push_back(entries_[i]);
  }
  return found_;
}

}  // namespace starling
