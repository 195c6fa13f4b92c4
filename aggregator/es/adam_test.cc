#include <cmath>
#include <memory>
#include <string>

#include "aggregator/es/optimizer.h"
#include "gtest/gtest.h"
#include "proto/strategy_state.pb.h"

namespace starling {
namespace {

std::unique_ptr<Optimizer> Make(double step_size, int size) {
  v1::OptimizerConfig config;
  config.mutable_adam()->set_step_size(step_size);
  return *OptimizerRegistry::Make(config, size);
}

TEST(AdamTest, FollowsTheFormulaStepByStep) {
  const std::unique_ptr<Optimizer> adam = Make(0.01, 1);
  double m = 0, v = 0;
  for (int t = 1; t <= 50; ++t) {
    const double g = std::sin(0.3 * t);
    // The paper's own form, biases corrected one by one.
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double corrected_m = m / (1 - std::pow(0.9, t));
    const double corrected_v = v / (1 - std::pow(0.999, t));
    // The two forms place epsilon differently: with epsilon' = epsilon /
    // sqrt(1 - beta2^t) they agree.
    const double epsilon = 1e-8 / std::sqrt(1 - std::pow(0.999, t));
    const double expected =
        0.01 * corrected_m / (std::sqrt(corrected_v) + epsilon);

    const double step = adam->Step(Eigen::VectorXd::Constant(1, g))[0];

    EXPECT_NEAR(step, expected, 1e-12 * std::abs(expected)) << t;
  }
}

TEST(AdamTest, FirstStepHasTheStepSizeInEachCoordinate) {
  const Eigen::VectorXd step = Make(0.02, 2)->Step(Eigen::Vector2d(1e-3, -5e4));

  // Off by epsilon / |g| / sqrt(1 - beta2), at most.
  EXPECT_NEAR(step[0], 0.02, 0.02 * 4e-4);
  EXPECT_NEAR(step[1], -0.02, 0.02 * 1e-10);
}

TEST(AdamTest, ImpossibleStateIsRefused) {
  const std::unique_ptr<Optimizer> adam = Make(0.01, 1);
  v1::AdamState state;
  ASSERT_TRUE(state.ParseFromString(adam->Save()));

  v1::AdamState negative = state;
  negative.set_second_moment(0, -1);
  v1::AdamState power = state;
  power.set_beta2_power(1.5);

  EXPECT_EQ(adam->Restore(negative.SerializeAsString()).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(adam->Restore(power.SerializeAsString()).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_TRUE(adam->Restore(state.SerializeAsString()).ok());
}

}  // namespace
}  // namespace starling
