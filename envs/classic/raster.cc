#include "envs/classic/raster.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace starling {

Raster::Raster(int height, int width, double extent, uint8_t* rgb)
    : height_(height),
      width_(width),
      pixels_per_unit_(std::min(height, width) / (2 * extent)),
      rgb_(rgb) {
  CHECK_GT(height, 0);
  CHECK_GT(width, 0);
  CHECK_GT(extent, 0);
}

void Raster::Fill(Colour colour) {
  for (int64_t i = 0; i < int64_t{height_} * width_; ++i) {
    std::copy(colour.begin(), colour.end(), rgb_ + 3 * i);
  }
}

void Raster::Line(Point a, Point b, double thickness, Colour colour) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double squared_length = dx * dx + dy * dy;
  for (int row = 0; row < height_; ++row) {
    for (int column = 0; column < width_; ++column) {
      // The pixel's middle in world coordinates.
      const double x = (column + 0.5 - 0.5 * width_) / pixels_per_unit_;
      const double y = (0.5 * height_ - row - 0.5) / pixels_per_unit_;
      // The nearest point of the segment.
      double along = 0;
      if (squared_length > 0) {
        along = ((x - a.x) * dx + (y - a.y) * dy) / squared_length;
        along = std::clamp(along, 0.0, 1.0);
      }
      const double distance =
          std::hypot(x - a.x - along * dx, y - a.y - along * dy);
      // Share of the pixel that is covered, if its edge were straight.
      const double coverage = std::clamp(
          (0.5 * thickness - distance) * pixels_per_unit_ + 0.5, 0.0, 1.0);
      if (coverage == 0) continue;
      uint8_t* pixel = rgb_ + 3 * (int64_t{row} * width_ + column);
      for (int c = 0; c < 3; ++c) {
        pixel[c] = static_cast<uint8_t>(
            std::lround(pixel[c] + coverage * (colour[c] - pixel[c])));
      }
    }
  }
}

}  // namespace starling
