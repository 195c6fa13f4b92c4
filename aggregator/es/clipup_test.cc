#include <cmath>
#include <memory>

#include "aggregator/es/optimizer.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

std::unique_ptr<Optimizer> Make(double max_speed, double step_size = 0) {
  v1::OptimizerConfig config;
  config.mutable_clipup()->set_max_speed(max_speed);
  config.mutable_clipup()->set_step_size(step_size);
  return *OptimizerRegistry::Make(config, 2);
}

TEST(ClipUpTest, APushHasTheSetLength) {
  const Eigen::VectorXd step = Make(1, 0.25)->Step(Eigen::Vector2d(300, 400));

  EXPECT_DOUBLE_EQ(step[0], 0.15);
  EXPECT_DOUBLE_EQ(step[1], 0.2);
}

TEST(ClipUpTest, PushIsHalfTheSpeedLimitByDefault) {
  EXPECT_DOUBLE_EQ(Make(0.3)->Step(Eigen::Vector2d(-7, 0))[0], -0.15);
}

TEST(ClipUpTest, SpeedNeverPassesTheLimitAndReachesIt) {
  const std::unique_ptr<Optimizer> clipup = Make(0.15);
  double speed = 0;
  for (int t = 0; t < 30; ++t) {
    speed = clipup->Step(Eigen::Vector2d(3, -4)).norm();
    EXPECT_LE(speed, 0.15 * (1 + 1e-15));
  }
  EXPECT_NEAR(speed, 0.15, 1e-15);
}

TEST(ClipUpTest, WithoutGradientItCoasts) {
  const std::unique_ptr<Optimizer> clipup = Make(1, 0.5);
  clipup->Step(Eigen::Vector2d(1, 0));

  EXPECT_DOUBLE_EQ(clipup->Step(Eigen::Vector2d(0, 0))[0], 0.45);
}

TEST(ClipUpTest, ScaleOfRewardsDoesNotMatter) {
  for (const double scale : {1000.0, 1e-150, 1e150}) {
    const std::unique_ptr<Optimizer> plain = Make(0.15);
    const std::unique_ptr<Optimizer> scaled = Make(0.15);
    for (int t = 0; t < 20; ++t) {
      const Eigen::Vector2d ascent(std::sin(t), std::cos(3.0 * t));
      const Eigen::VectorXd difference =
          plain->Step(ascent) - scaled->Step(scale * ascent);
      // Roundings of 20 steps of at most 0.15.
      EXPECT_LT(difference.norm(), 1e-15) << scale;
    }
  }
}

}  // namespace
}  // namespace starling
