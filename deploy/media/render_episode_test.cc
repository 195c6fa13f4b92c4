#include "deploy/media/render_episode.h"

#include <filesystem>
#include <opencv2/videoio.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr char kProgram[] = "deploy/media/film";

std::unique_ptr<Env> MakeEnv(const std::string& kind, uint32_t max_steps) {
  v1::EnvConfig config = EnvRegistry::Default(kind).value();
  config.set_max_steps(max_steps);
  return EnvRegistry::Make(config).value();
}

void Rest(const Observation& seen, VectorRef action) { action.setZero(); }

std::string FilmPath(const std::string& name) {
  const std::string path = testing::TempDir() + "/" + name + ".mp4";
  std::filesystem::remove(path);
  return path;
}

TEST(RenderEpisodeTest, FilmsAPendulumAtTheSpeedOfLife) {
  auto env = MakeEnv("pendulum", 30);
  const std::string path = FilmPath("pendulum");
  std::vector<int64_t> heard;

  const auto episode =
      FilmEpisode(*env, Rest,
                  {.seed = 3,
                   .path = path,
                   .program = kProgram,
                   .height = 120,
                   .width = 160,
                   .progress = [&](int64_t step, int64_t max_steps) {
                     EXPECT_EQ(max_steps, 30);
                     heard.push_back(step);
                   }});

  ASSERT_TRUE(episode.ok()) << episode.status();
  EXPECT_EQ(episode->steps, 30);
  EXPECT_EQ(episode->outcome, Outcome::kTruncated);
  EXPECT_LT(episode->episode_return, 0);
  EXPECT_EQ(episode->pictures, 31);
  EXPECT_EQ(episode->pictures_per_s, 20);
  ASSERT_EQ(heard.size(), 31u);
  EXPECT_EQ(heard.front(), 0);
  EXPECT_EQ(heard.back(), 30);
  cv::VideoCapture video(path, cv::CAP_FFMPEG);
  EXPECT_EQ(video.get(cv::CAP_PROP_FRAME_COUNT), 31);
  EXPECT_EQ(video.get(cv::CAP_PROP_FPS), 20);
}

TEST(RenderEpisodeTest, FastTasksSkipPicturesButNotTheLast) {
  v1::EnvConfig config = EnvRegistry::Default("pendulum").value();
  config.mutable_pendulum()->set_control_period_s(0.008);
  config.set_max_steps(20);
  auto env = EnvRegistry::Make(config).value();

  const auto episode = FilmEpisode(*env, Rest,
                                   {.path = FilmPath("fast"),
                                    .program = kProgram,
                                    .height = 32,
                                    .width = 32});

  // 125 steps a second: every third is drawn; 0, 3, .., 18 and the last.
  ASSERT_TRUE(episode.ok()) << episode.status();
  EXPECT_NEAR(episode->pictures_per_s, 125.0 / 3, 1e-9);
  EXPECT_EQ(episode->pictures, 8);
}

TEST(RenderEpisodeTest, FilmEndsWithTheEpisode) {
  auto env = MakeEnv("cartpole", 0);

  const auto episode = FilmEpisode(*env, Rest,
                                   {.path = FilmPath("fall"),
                                    .program = kProgram,
                                    .height = 64,
                                    .width = 96});

  ASSERT_TRUE(episode.ok()) << episode.status();
  EXPECT_EQ(episode->outcome, Outcome::kTerminated);
  EXPECT_LT(episode->steps, 20);
  EXPECT_EQ(episode->episode_return, episode->steps);
}

TEST(RenderEpisodeTest, FilmsARobot) {
  auto env = MakeEnv("half_cheetah", 0);
  const std::string path = FilmPath("half_cheetah");

  const auto episode = FilmEpisode(*env, Rest,
                                   {.path = path,
                                    .program = kProgram,
                                    .height = 96,
                                    .width = 128,
                                    .max_steps = 10});

  ASSERT_TRUE(episode.ok()) << episode.status();
  EXPECT_EQ(episode->outcome, Outcome::kRunning);
  EXPECT_EQ(episode->pictures, 11);
  cv::VideoCapture video(path, cv::CAP_FFMPEG);
  EXPECT_EQ(video.get(cv::CAP_PROP_FRAME_COUNT), 11);
  EXPECT_EQ(video.get(cv::CAP_PROP_FRAME_HEIGHT), 96);
  EXPECT_EQ(video.get(cv::CAP_PROP_FRAME_WIDTH), 128);
  EXPECT_EQ(video.get(cv::CAP_PROP_FPS), 20);
}

TEST(RenderEpisodeTest, TaskWithoutAPictureSaysSoAndLeavesNoFile) {
  auto env = MakeEnv("sphere", 0);
  const std::string path = FilmPath("sphere");

  const auto episode =
      FilmEpisode(*env, Rest, {.path = path, .program = kProgram});

  EXPECT_EQ(episode.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(episode.status().message().find("sphere"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace starling
