#include "envs/classic/raster.h"

#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr Colour kWhite = {255, 255, 255};
constexpr Colour kRed = {200, 10, 20};

class Picture {
 public:
  Picture(int height, int width) : width_(width), rgb_(3 * height * width) {}
  uint8_t* data() { return rgb_.data(); }
  Colour At(int row, int column) const {
    const uint8_t* pixel = rgb_.data() + 3 * (row * width_ + column);
    return {pixel[0], pixel[1], pixel[2]};
  }

 private:
  int width_;
  std::vector<uint8_t> rgb_;
};

TEST(RasterTest, YPointsUpAndXRight) {
  Picture picture(40, 60);
  Raster raster(40, 60, /*extent=*/2, picture.data());
  raster.Fill(kWhite);

  raster.Disc({2, 1}, 0.3, kRed);

  // 10 pixels a unit: 20 right of the middle, 10 above it.
  EXPECT_EQ(picture.At(10, 50), kRed);
  EXPECT_EQ(picture.At(30, 50), kWhite);
  EXPECT_EQ(picture.At(10, 10), kWhite);
}

TEST(RasterTest, LineCoversItsWidthAndNoMore) {
  Picture picture(40, 40);
  Raster raster(40, 40, /*extent=*/2, picture.data());
  raster.Fill(kWhite);

  raster.Line({-1, 0}, {1, 0}, /*thickness=*/0.8, kRed);

  EXPECT_EQ(picture.At(17, 20), kRed);
  EXPECT_EQ(picture.At(22, 20), kRed);
  EXPECT_EQ(picture.At(14, 20), kWhite);
  EXPECT_EQ(picture.At(25, 20), kWhite);
  // Beyond the round end.
  EXPECT_EQ(picture.At(20, 36), kWhite);
}

TEST(RasterTest, WhatIsOutsideIsCut) {
  Picture picture(8, 8);
  Raster raster(8, 8, /*extent=*/1, picture.data());
  raster.Fill(kWhite);

  raster.Line({-1e6, 0}, {1e6, 0}, /*thickness=*/100, kRed);

  EXPECT_EQ(picture.At(0, 0), kRed);
  EXPECT_EQ(picture.At(7, 7), kRed);
}

}  // namespace
}  // namespace starling
