#include "deploy/media/png.h"

#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(PngTest, ReadsBackAsItWasWritten) {
  const std::string path = testing::TempDir() + "/picture.png";
  std::vector<uint8_t> rgb(3 * 5 * 7);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = 2 * i;

  ASSERT_TRUE(WritePng(path, rgb.data(), 5, 7).ok());

  const cv::Mat bgr = cv::imread(path, cv::IMREAD_UNCHANGED);
  ASSERT_EQ(bgr.rows, 5);
  ASSERT_EQ(bgr.cols, 7);
  for (int row = 0; row < 5; ++row) {
    for (int column = 0; column < 7; ++column) {
      const uint8_t* pixel = &rgb[3 * (row * 7 + column)];
      EXPECT_EQ(bgr.at<cv::Vec3b>(row, column),
                cv::Vec3b(pixel[2], pixel[1], pixel[0]));
    }
  }
}

TEST(PngTest, ErrorsNameWhatIsWrong) {
  const uint8_t pixel[3] = {1, 2, 3};

  EXPECT_EQ(WritePng(testing::TempDir() + "/a.png", pixel, 0, 1).code(),
            absl::StatusCode::kInvalidArgument);
  const absl::Status status = WritePng("/no/such/folder/a.png", pixel, 1, 1);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/no/such/folder/a.png"), std::string::npos);
}

}  // namespace
}  // namespace starling
