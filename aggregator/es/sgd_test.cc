#include <memory>

#include "aggregator/es/optimizer.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

std::unique_ptr<Optimizer> Make(double step_size, double momentum) {
  v1::OptimizerConfig config;
  config.mutable_sgd()->set_step_size(step_size);
  config.mutable_sgd()->set_momentum(momentum);
  return *OptimizerRegistry::Make(config, 2);
}

TEST(SgdTest, WithoutMomentumTheStepIsTheScaledGradient) {
  const std::unique_ptr<Optimizer> sgd = Make(0.5, 0);

  EXPECT_EQ(sgd->Step(Eigen::Vector2d(4, -2)), Eigen::Vector2d(2, -1));
  EXPECT_EQ(sgd->Step(Eigen::Vector2d(0, 8)), Eigen::Vector2d(0, 4));
  EXPECT_EQ(sgd->Save(), "");
}

TEST(SgdTest, MomentumIsARunningMean) {
  const std::unique_ptr<Optimizer> sgd = Make(2, 0.75);

  // v = (1, -2), then 3/4 v + 1/4 (8, 0).
  EXPECT_EQ(sgd->Step(Eigen::Vector2d(4, -8)), Eigen::Vector2d(2, -4));
  EXPECT_EQ(sgd->Step(Eigen::Vector2d(8, 0)), Eigen::Vector2d(5.5, -3));
}

TEST(SgdTest, MomentumKeepsTheLengthOfStepsInAConstantGradient) {
  const std::unique_ptr<Optimizer> sgd = Make(0.5, 0.9);
  Eigen::VectorXd step;
  for (int t = 0; t < 400; ++t) step = sgd->Step(Eigen::Vector2d(4, -2));

  // 0.9^400 < 1e-18.
  EXPECT_NEAR(step[0], 2, 1e-12);
  EXPECT_NEAR(step[1], -1, 1e-12);
}

}  // namespace
}  // namespace starling
