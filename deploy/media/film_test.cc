#include "deploy/media/film.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <opencv2/videoio.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

constexpr int kHeight = 64;
constexpr int kWidth = 96;

class FilmTest : public testing::Test {
 protected:
  FilmTest() {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_ = {.program = "deploy/media/film",
                .path = (folder_ / "a.mp4").string(),
                .height = kHeight,
                .width = kWidth,
                .pictures_per_s = 25};
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  // All of one colour.
  static std::vector<uint8_t> Picture(uint8_t r, uint8_t g, uint8_t b) {
    std::vector<uint8_t> rgb;
    for (int i = 0; i < kHeight * kWidth; ++i) {
      rgb.insert(rgb.end(), {r, g, b});
    }
    return rgb;
  }

  fs::path folder_;
  FilmOptions options_;
};

TEST_F(FilmTest, WritesH264ThatHoldsThePictures) {
  auto film = Film::Start(options_);
  ASSERT_TRUE(film.ok()) << film.status();
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE((*film)->Add(Picture(200, 20, 20 + 10 * i).data()).ok());
  }
  const absl::Status finished = (*film)->Finish();
  ASSERT_TRUE(finished.ok()) << finished;

  cv::VideoCapture video(options_.path, cv::CAP_FFMPEG);
  ASSERT_TRUE(video.isOpened());
  EXPECT_EQ(video.get(cv::CAP_PROP_FRAME_COUNT), 12);
  EXPECT_EQ(video.get(cv::CAP_PROP_FRAME_HEIGHT), kHeight);
  EXPECT_EQ(video.get(cv::CAP_PROP_FRAME_WIDTH), kWidth);
  EXPECT_EQ(video.get(cv::CAP_PROP_FPS), 25);
  // Of the stream: 'h264' or its name in an mp4, 'avc1'.
  const int codec = static_cast<int>(video.get(cv::CAP_PROP_FOURCC));
  EXPECT_TRUE(codec == cv::VideoWriter::fourcc('h', '2', '6', '4') ||
              codec == cv::VideoWriter::fourcc('a', 'v', 'c', '1'));
  cv::Mat frame;
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(video.read(frame));
    const cv::Vec3b middle = frame.at<cv::Vec3b>(kHeight / 2, kWidth / 2);
    // Red is red, to the accuracy of the codec.
    EXPECT_NEAR(middle[2], 200, 12);
    EXPECT_NEAR(middle[1], 20, 12);
    EXPECT_NEAR(middle[0], 20 + 10 * i, 16);
  }
  EXPECT_EQ(Files(), std::vector<std::string>{"a.mp4"});
}

TEST_F(FilmTest, AbandonedFilmLeavesTheOldFile) {
  std::ofstream(options_.path) << "the old film";
  {
    auto film = Film::Start(options_);
    ASSERT_TRUE(film.ok()) << film.status();
    ASSERT_TRUE((*film)->Add(Picture(1, 2, 3).data()).ok());
  }

  EXPECT_EQ(Files(), std::vector<std::string>{"a.mp4"});
  std::string text;
  std::getline(std::ifstream(options_.path), text);
  EXPECT_EQ(text, "the old film");
}

TEST_F(FilmTest, ProgramsOwnWordsReachTheCaller) {
  options_.path = (folder_ / "no_such_folder/a.mp4").string();
  auto film = Film::Start(options_);
  ASSERT_TRUE(film.ok()) << film.status();

  // More than fits into any buffer in between.
  absl::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    status = (*film)->Add(Picture(1, 2, 3).data());
  }

  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(absl::StrContains(status.message(), "no_such_folder/a.mp4"))
      << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "is the folder there"))
      << status;
}

TEST_F(FilmTest, FilmWithoutPicturesIsAnError) {
  auto film = Film::Start(options_);
  ASSERT_TRUE(film.ok()) << film.status();

  const absl::Status status = (*film)->Finish();

  EXPECT_TRUE(absl::StrContains(status.message(), "no pictures")) << status;
  EXPECT_TRUE(Files().empty());
}

TEST_F(FilmTest, MissingProgramIsNamed) {
  options_.program = "/no/such/film";

  const auto film = Film::Start(options_);

  EXPECT_EQ(film.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(film.status().message(), "/no/such/film"));
}

TEST_F(FilmTest, OptionsOutOfRangeAreRefused) {
  FilmOptions odd = options_;
  odd.width = 97;
  FilmOptions name = options_;
  name.path = "a.avi";
  FilmOptions still = options_;
  still.pictures_per_s = 0;

  for (const FilmOptions& options : {odd, name, still}) {
    EXPECT_EQ(Film::Start(options).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace starling
