#include "deploy/media/overlay.h"

#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

struct Picture {
  Picture(int height, int width)
      : height(height), width(width), rgb(height * width * 3, 7) {}
  std::vector<int> At(int row, int column) const {
    const uint8_t* const p = &rgb[(row * width + column) * 3];
    return {p[0], p[1], p[2]};
  }

  int height, width;
  std::vector<uint8_t> rgb;
};

TEST(OverlayTest, WithoutAGazeItIsTheFrame) {
  // 2 x 2 pixels, red, green; blue, white.
  const uint8_t frame[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
  Picture picture(80, 100);
  DrawOverlay({frame, 2, 2, 3}, {}, 80, 100, picture.rgb.data());
  // 70 rows of room: 35 pixels each, from column 15 on.
  using Color = std::vector<int>;
  EXPECT_EQ(picture.At(0, 15), Color({255, 0, 0}));
  EXPECT_EQ(picture.At(34, 84), Color({0, 255, 0}));
  EXPECT_EQ(picture.At(35, 49), Color({0, 0, 255}));
  EXPECT_EQ(picture.At(69, 50), Color({255, 255, 255}));
  EXPECT_EQ(picture.At(0, 14), Color({0, 0, 0}));
  EXPECT_EQ(picture.At(79, 50), Color({0, 0, 0}));
}

TEST(OverlayTest, PicksAreWhiteTheFirstMost) {
  const std::vector<uint8_t> frame(16 * 16, 100);  // grey
  std::vector<float> votes(16 * 16, 1);
  votes[3 * 16 + 4] = 50;
  votes[10 * 16 + 12] = 20;
  const std::vector<int> picks = {3 * 16 + 4, 10 * 16 + 12};
  Picture picture(128, 128);
  DrawOverlay({frame.data(), 16, 16, 1}, {1, 1, 16, 16, votes, picks}, 128, 128,
              picture.rgb.data());
  // 112 rows of room, 7 pixels each, from column 8 on; the middle of a patch.
  const auto at = [&](int row, int column) {
    return picture.At(7 * row + 3, 8 + 7 * column + 3);
  };
  EXPECT_EQ(at(3, 4), std::vector<int>({255, 255, 255}));
  EXPECT_GT(at(10, 12)[2], at(8, 8)[2]);
  EXPECT_LT(at(10, 12)[2], 255);
  // Few votes are blue.
  EXPECT_GT(at(8, 8)[2], at(8, 8)[1]);
  // The strip has bars: the picks' to the right.
  int lit = 0;
  for (int column = 0; column < 128; ++column) {
    lit += picture.At(127, column) == std::vector<int>({255, 255, 255});
  }
  EXPECT_GT(lit, 0);
}

TEST(OverlayTest, AnySizeOfFrameAndPictureWillDo) {
  for (const int side : {1, 5, 300}) {
    const std::vector<uint8_t> frame(side * 2 * side * 6, 50);
    const std::vector<float> votes(2 * side * side, -1);
    const std::vector<int> picks = {0, 2 * side * side - 1};
    Picture picture(16, 64);
    DrawOverlay({frame.data(), side, 2 * side, 6},
                {1, 1, side, 2 * side, votes, picks}, 16, 64,
                picture.rgb.data());
    EXPECT_NE(picture.At(7, 30)[0], 0);
  }
}

}  // namespace
}  // namespace starling
