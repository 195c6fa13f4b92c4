#include <cmath>

#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

TEST(PusherTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("pusher {}"), {23, 7, 2, 0.05, 100});
}

TEST(PusherTest, TheObjectStartsAwayFromTheGoalAndRests) {
  auto env = MakeEnv("pusher {}");
  for (int i = 0; i < 200; ++i) {
    env->Reset(Rng(i));
    const PhysicsState state = env->physics_state();
    const double x = state.qpos[7];
    const double y = state.qpos[8];
    EXPECT_GT(std::hypot(x, y), 0.17);
    EXPECT_GE(x, -0.3);
    EXPECT_LT(x, 0);
    EXPECT_LE(std::abs(y), 0.2);
    for (int j = 7; j < 11; ++j) EXPECT_EQ(state.qvel[j], 0);
  }
}

TEST(PusherTest, RewardIsMinusBothDistancesAndEffort) {
  auto env = MakeEnv(
      "pusher { reward_near_weight: 3 reward_dist_weight: 2 "
      "reward_control_weight: 0.5 }");
  env->Reset(Rng(1));
  const StepResult result = StepWith(*env, 1);
  const auto state = env->observation().state;
  const Eigen::Vector3f tip = state.segment<3>(14);
  const Eigen::Vector3f object = state.segment<3>(17);
  const Eigen::Vector3f goal = state.segment<3>(20);
  // The observation is in float.
  EXPECT_NEAR(result.reward,
              -3 * (object - tip).norm() - 2 * (object - goal).norm() - 3.5,
              1e-5);
}

TEST(PusherTest, AModelWithoutAnObjectIsRefused) {
  EXPECT_THAT(ErrorOf("pusher { xml_file: 'reacher.xml' }"),
              HasSubstr("tips_arm"));
}

}  // namespace
}  // namespace starling
