#include "envs/pixels/car_painter.h"

#include <algorithm>
#include <cmath>

#include "base/math_double.h"

namespace starling {
namespace {

// Everything is laid out for a window of 1000 x 800, then scaled.
constexpr double kWindowWidth = 1000, kWindowHeight = 800;
constexpr double kFarScale = 0.6, kNearScale = 2.7 * 6;
// Of the car, from the left and from below.
constexpr double kCarX = 500, kCarY = 200;
constexpr double kKerbWidth = 8.0 / 6;
constexpr double kPatch = CarTrack::kField / 20;
// Nothing farther than this from the car is in the near view.
constexpr double kFarthest = 60;

using Bytes = std::array<uint8_t, 3>;

Bytes ToBytes(const std::array<double, 3>& color) {
  Bytes bytes;
  for (int c = 0; c < 3; ++c) {
    bytes[c] =
        static_cast<uint8_t>(std::clamp(std::lround(255 * color[c]), 0L, 255L));
  }
  return bytes;
}

struct Picture {
  int height, width;
  uint8_t* rgb;

  // [left, right) of a row, as far as they are on it.
  void Fill(int row, int left, int right, const Bytes& color) const {
    right = std::min(right, width);
    for (int column = std::max(left, 0); column < right; ++column) {
      std::copy(color.begin(), color.end(),
                rgb + (int64_t{row} * width + column) * 3);
    }
  }
  // The pixels whose middles are in a convex polygon, y down.
  template <size_t kCorners>
  void FillConvex(const std::array<Spot, kCorners>& corners,
                  const Bytes& color) const {
    double top = corners[0].y, bottom = top;
    for (const Spot& corner : corners) {
      top = std::min(top, corner.y);
      bottom = std::max(bottom, corner.y);
    }
    const int first = static_cast<int>(std::ceil(std::max(top - 0.5, 0.0)));
    const int last =
        static_cast<int>(std::floor(std::min(bottom - 0.5, height - 1.0)));
    for (int row = first; row <= last; ++row) {
      const double y = row + 0.5;
      double left = 1e9, right = -1e9;
      for (size_t i = 0; i < kCorners; ++i) {
        const Spot& a = corners[i];
        const Spot& b = corners[(i + 1) % kCorners];
        if ((a.y <= y) == (b.y <= y)) continue;
        const double x = a.x + (y - a.y) * (b.x - a.x) / (b.y - a.y);
        left = std::min(left, x);
        right = std::max(right, x);
      }
      left = std::clamp(left, -1.0, width + 1.0);
      right = std::clamp(right, -1.0, width + 1.0);
      Fill(row, static_cast<int>(std::ceil(left - 0.5)),
           static_cast<int>(std::ceil(right - 0.5)), color);
    }
  }
};

// The world seen by a camera over the car.
class View {
 public:
  View(const CarBody& car, double seconds, const Picture& picture)
      : picture_(picture),
        center_(car.position()),
        sine_(Sin(car.heading())),
        cosine_(Cos(car.heading())) {
    const double share = std::min(1.0, seconds);
    scale_ = kFarScale * (1 - share) + kNearScale * share;
    // Up is where it goes, once it does.
    const double speed = car.speed();
    if (speed > 0.5) {
      sine_ = -car.velocity().x / speed;
      cosine_ = car.velocity().y / speed;
    }
  }

  bool Sees(Spot at, double radius) const {
    const double x = at.x - center_.x, y = at.y - center_.y;
    const double reach = kFarthest * kNearScale / scale_ + radius;
    return x * x + y * y < reach * reach;
  }

  Spot ToPixel(Spot at) const {
    const double x = at.x - center_.x, y = at.y - center_.y;
    return Window(kCarX + scale_ * (cosine_ * x + sine_ * y),
                  kCarY + scale_ * (-sine_ * x + cosine_ * y));
  }
  // From the left and from below.
  Spot Window(double x, double y) const {
    return {x / kWindowWidth * picture_.width,
            (kWindowHeight - y) / kWindowHeight * picture_.height};
  }

  template <size_t kCorners>
  void Fill(std::array<Spot, kCorners> corners, const Bytes& color) const {
    for (Spot& corner : corners) corner = ToPixel(corner);
    picture_.FillConvex(corners, color);
  }
  // A rectangle of the window.
  void FillWindow(double left, double right, double bottom, double top,
                  const Bytes& color) const {
    picture_.FillConvex<4>({Window(left, bottom), Window(right, bottom),
                            Window(right, top), Window(left, top)},
                           color);
  }

 private:
  const Picture picture_;
  const Spot center_;
  double scale_, sine_, cosine_;
};

void PaintCar(const CarBody& car, const View& view) {
  for (int i = 0; i < CarBody::kWheels; ++i) {
    const Spot at = car.WheelAt(i);
    const double angle = car.heading() + car.wheels()[i].angle;
    const double c = Cos(angle), s = Sin(angle);
    const auto corner = [&](double right, double ahead) {
      return Spot{at.x + c * right - s * ahead, at.y + s * right + c * ahead};
    };
    constexpr double kHalf = 0.28, kLong = CarBody::kWheelRadius;
    view.Fill<4>({corner(-kHalf, -kLong), corner(kHalf, -kLong),
                  corner(kHalf, kLong), corner(-kHalf, kLong)},
                 {0, 0, 0});
  }
  constexpr Bytes red = {204, 0, 0};
  const auto box = [&](double half_bottom, double half_top, double bottom,
                       double top) {
    view.Fill<4>({car.At({-half_bottom, bottom}), car.At({half_bottom, bottom}),
                  car.At({half_top, top}), car.At({-half_top, top})},
                 red);
  };
  box(1.2, 1.2, 2.2, 2.6);    // front wing
  box(0.4, 0.3, 0.4, 2.4);    // nose
  box(1.0, 0.5, -0.8, 0.4);   // cockpit
  box(0.4, 1.0, -1.8, -0.8);  // engine
  box(1.0, 1.0, -2.4, -1.8);  // rear wing
}

// Speed, the wheels' spin, steering and turning, below.
void PaintDials(const CarBody& car, const View& view) {
  constexpr double kCell = kWindowWidth / 40, kRow = kWindowHeight / 40;
  view.FillWindow(0, kWindowWidth, 0, 5 * kRow, {0, 0, 0});
  const auto upright = [&](int place, double value, const Bytes& color) {
    view.FillWindow(place * kCell, (place + 1) * kCell, kRow,
                    kRow + kRow * std::clamp(value, -1.0, 4.0), color);
  };
  const auto level = [&](int place, double value, const Bytes& color) {
    view.FillWindow(place * kCell,
                    (place + std::clamp(value, -8.0, 8.0)) * kCell, 2 * kRow,
                    4 * kRow, color);
  };
  upright(5, 0.02 * car.speed(), {255, 255, 255});
  for (int i = 0; i < CarBody::kWheels; ++i) {
    upright(7 + i, 0.01 * car.wheels()[i].spin,
            i < 2 ? Bytes{0, 0, 255} : Bytes{51, 0, 255});
  }
  level(20, -10 * car.wheels()[0].angle, {0, 255, 0});
  level(30, -0.8 * car.turning(), {255, 0, 0});
}

}  // namespace

void CarPainter::Reset(Rng rng) {
  road_ = {0.4, 0.4, 0.4};
  grass_ = {0.4, 0.8, 0.4};
  patch_ = {0.4, 0.9, 0.4};
  if (variant_ == v1::CarRacing::COLOR) {
    for (int c = 0; c < 3; ++c) {
      road_[c] += rng.Uniform(-0.2, 0.2);
      const double shift = rng.Uniform(-0.2, 0.2);
      grass_[c] += shift;
      patch_[c] = std::min(1.0, patch_[c] + shift);
    }
  }
  snow_ = rng;
}

void CarPainter::Paint(const CarRace& race, double seconds, int height,
                       int width, uint8_t* rgb) {
  const Picture picture = {height, width, rgb};
  const View view(race.car(), seconds, picture);
  if (variant_ == v1::CarRacing::NOISE) {
    for (int64_t i = 0; i < int64_t{3} * height * width; i += 4) {
      const uint32_t word = snow_.Word();
      for (int64_t j = 0; j < 4 && i + j < int64_t{3} * height * width; ++j) {
        rgb[i + j] = static_cast<uint8_t>(word >> (8 * j));
      }
    }
  } else {
    const Bytes grass = ToBytes(grass_);
    for (int row = 0; row < height; ++row) picture.Fill(row, 0, width, grass);
    for (int i = -20; i < 20; i += 2) {
      for (int j = -20; j < 20; j += 2) {
        const double x = i * kPatch, y = j * kPatch;
        if (!view.Sees({x + kPatch / 2, y + kPatch / 2}, kPatch)) continue;
        view.Fill<4>({Spot{x, y},
                      {x + kPatch, y},
                      {x + kPatch, y + kPatch},
                      {x, y + kPatch}},
                     ToBytes(patch_));
      }
    }
  }

  const CarTrack& track = race.track();
  for (int i = 0; i < track.size(); ++i) {
    const CarTrack::Tile& tile = track.tiles()[i];
    if (!view.Sees(tile.middle, 2 * CarTrack::kHalfWidth)) continue;
    const int before = (i + track.size() - 1) % track.size();
    constexpr double kHalf = CarTrack::kHalfWidth;
    std::array<double, 3> color = road_;
    for (double& channel : color) channel += 0.01 * (i % 3);
    view.Fill<4>(
        {track.Beside(before, -1, kHalf), track.Beside(before, 1, kHalf),
         track.Beside(i, 1, kHalf), track.Beside(i, -1, kHalf)},
        ToBytes(color));
    if (tile.kerb == 0) continue;
    view.Fill<4>({track.Beside(before, tile.kerb, kHalf),
                  track.Beside(before, tile.kerb, kHalf + kKerbWidth),
                  track.Beside(i, tile.kerb, kHalf + kKerbWidth),
                  track.Beside(i, tile.kerb, kHalf)},
                 i % 2 == 0 ? Bytes{255, 255, 255} : Bytes{255, 0, 0});
  }
  if (variant_ == v1::CarRacing::BLOB) {
    constexpr double kLeft = 4, kBottom = 6, kSide = 8;
    view.Fill<4>({race.car().At({kLeft, kBottom}),
                  race.car().At({kLeft + kSide, kBottom}),
                  race.car().At({kLeft + kSide, kBottom + kSide}),
                  race.car().At({kLeft, kBottom + kSide})},
                 {204, 0, 0});
  }
  PaintCar(race.car(), view);
  PaintDials(race.car(), view);
  if (variant_ == v1::CarRacing::BARS) {
    const int bar = width * 3 / 40;
    for (int row = 0; row < height; ++row) {
      picture.Fill(row, 0, bar, {0, 0, 0});
      picture.Fill(row, width - bar, width, {0, 0, 0});
    }
  }
}

}  // namespace starling
