// Thick lines and discs on an RGB picture: all that a pendulum or a cart needs
// to be drawn, without a graphics library. Edges are smoothed. For people's
// eyes, not for observations.
#ifndef STARLING_ENVS_CLASSIC_RASTER_H_
#define STARLING_ENVS_CLASSIC_RASTER_H_

#include <array>
#include <cstdint>

namespace starling {

using Colour = std::array<uint8_t, 3>;

struct Point {
  double x;
  double y;
};

// Paints on rgb [height, width, 3], which outlives it. World coordinates: the
// origin is the picture's middle, y points up, and `extent` units fit from the
// middle to the nearest edge. What is outside is cut. Not thread-safe.
class Raster {
 public:
  Raster(int height, int width, double extent, uint8_t* rgb);

  void Fill(Colour colour);
  // A line from a to b with round ends, `thickness` units wide; a disc where
  // the two are one point. O(height width).
  void Line(Point a, Point b, double thickness, Colour colour);
  void Disc(Point centre, double radius, Colour colour) {
    Line(centre, centre, 2 * radius, colour);
  }

 private:
  const int height_;
  const int width_;
  const double pixels_per_unit_;
  uint8_t* const rgb_;
};

}  // namespace starling

#endif  // STARLING_ENVS_CLASSIC_RASTER_H_
