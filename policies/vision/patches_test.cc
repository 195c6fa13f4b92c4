#include "policies/vision/patches.h"

#include <cstring>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "policies/vision/frame_stack.h"

namespace starling {
namespace {

std::vector<uint8_t> Frame(const PatchGrid& grid, uint64_t seed) {
  Rng rng(seed);
  std::vector<uint8_t> pixels(grid.height * grid.width * grid.channels);
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(rng.Word());
  return pixels;
}

ImageView View(const PatchGrid& grid, const std::vector<uint8_t>& pixels) {
  return {pixels.data(), grid.height, grid.width, grid.channels};
}

TEST(PatchGridTest, CountsAsTheUsualCutsDo) {
  const struct {
    int side, patch, stride, size;
  } kCuts[] = {{96, 7, 4, 529},  {84, 7, 4, 400},    {84, 4, 2, 1681},
               {64, 2, 2, 1024}, {100, 1, 1, 10000}, {320, 1, 1, 102400}};
  for (const auto& cut : kCuts) {
    const PatchGrid grid = {cut.side, cut.side, 3, cut.patch, cut.stride};
    EXPECT_EQ(grid.size(), cut.size);
  }
  const PatchGrid grid = {20, 30, 3, 7, 4};
  EXPECT_EQ(grid.rows(), 4);
  EXPECT_EQ(grid.columns(), 6);
  EXPECT_EQ(grid.center_row(0), 3);
  EXPECT_EQ(grid.center_column(0), 3);
  EXPECT_EQ(grid.center_row(8), 7);      // row 1
  EXPECT_EQ(grid.center_column(8), 11);  // column 2
}

TEST(FrameStackTest, KeepsTheLastFramesAndRepeatsTheFirst) {
  const PatchGrid grid = {2, 2, 1, 1, 1};
  FrameStack frames(3, 4);
  for (int episode = 0; episode < 2; ++episode) {
    frames.Reset();
    for (int step = 0; step < 7; ++step) {
      const std::vector<uint8_t> pixels(
          4, static_cast<uint8_t>(10 * episode + step));
      frames.Push(View(grid, pixels));
      for (int i = 0; i < 3; ++i) {
        const int shown = std::max(0, step - 2 + i);
        EXPECT_EQ(frames.frame(i)[3],
                  static_cast<float>(10 * episode + shown) / 255);
        EXPECT_EQ(frames.views()[i], frames.frame(i));
      }
    }
  }
}

TEST(PatchProjectionTest, IsTheProductWithEachPatch) {
  const PatchGrid kGrids[] = {{17, 23, 3, 5, 2}, {17, 23, 3, 5, 7},
                              {9, 8, 1, 1, 1},   {9, 8, 3, 1, 1},
                              {9, 8, 2, 1, 3},   {8, 8, 3, 8, 1}};
  for (const PatchGrid& grid : kGrids) {
    for (const int count : {1, 3}) {
      for (const bool positional : {false, true}) {
        constexpr int kOutputs = 8;
        PatchProjection projection(grid, count, positional, kOutputs);
        FrameStack frames(count, grid.height * grid.width * grid.channels);
        for (int i = 0; i < count + 1; ++i) {
          frames.Push(View(grid, Frame(grid, i + 1)));
        }
        Rng rng(9);
        std::vector<float> weights(kOutputs * projection.inputs()),
            offsets(kOutputs);
        for (float& weight : weights) weight = static_cast<float>(rng.Normal());
        for (float& offset : offsets) offset = static_cast<float>(rng.Normal());
        // In two parts.
        projection.SetParameters(0, 3, weights.data(), offsets.data());
        projection.SetParameters(3, 5, &weights[3 * projection.inputs()],
                                 &offsets[3]);
        std::vector<float> out(grid.size() * kOutputs + 1, 77);
        projection.Project(frames.views(), out.data());
        EXPECT_EQ(out.back(), 77);

        for (int patch = 0; patch < grid.size(); ++patch) {
          std::vector<double> numbers;
          for (int i = 0; i < grid.patch; ++i) {
            for (int j = 0; j < grid.patch; ++j) {
              for (int frame = 0; frame < count; ++frame) {
                for (int c = 0; c < grid.channels; ++c) {
                  const int row = patch / grid.columns() * grid.stride + i;
                  const int column = patch % grid.columns() * grid.stride + j;
                  numbers.push_back(double{frames.frame(
                      frame)[(row * grid.width + column) * grid.channels + c]});
                }
              }
            }
          }
          if (positional) {
            numbers.push_back(grid.center_row(patch) * 1.0 / grid.height);
            numbers.push_back(grid.center_column(patch) * 1.0 / grid.width);
          }
          ASSERT_EQ(static_cast<int>(numbers.size()), projection.inputs());
          for (int o = 0; o < kOutputs; ++o) {
            double sum = double{offsets[o]};
            for (size_t i = 0; i < numbers.size(); ++i) {
              sum += double{weights[o * numbers.size() + i]} * numbers[i];
            }
            ASSERT_NEAR(out[patch * kOutputs + o], sum, 2e-5);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace starling
