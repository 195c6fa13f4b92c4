#include <string>

#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(HopperTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("hopper {}"), {11, 3, 1, 0.008, 1000});
}

TEST(HopperTest, TiltingOverEndsTheEpisodeWithoutTheHealthyReward) {
  auto env = MakeEnv("hopper { healthy_reward: 100 }");
  env->Reset(Rng(1));
  EXPECT_GT(StepWith(*env, 0).reward, 50);

  env->data()->qpos[2] = 0.3;
  const StepResult result = StepWith(*env, 0);

  EXPECT_EQ(result.outcome, Outcome::kTerminated);
  EXPECT_LT(result.reward, 50);
}

TEST(HopperTest, MayGoOnUnhealthyButIsNotRewardedForIt) {
  auto env =
      MakeEnv("hopper { healthy_reward: 100 terminate_when_unhealthy: false }");
  env->Reset(Rng(1));
  env->data()->qpos[2] = 0.3;
  const StepResult result = StepWith(*env, 0);
  EXPECT_EQ(result.outcome, Outcome::kRunning);
  EXPECT_LT(result.reward, 50);
}

TEST(HopperTest, EachHealthyRangeCounts) {
  const auto first_outcome = [](const std::string& options) {
    auto env = MakeEnv("hopper { " + options + " }");
    env->Reset(Rng(1));
    return StepWith(*env, 0).outcome;
  };
  EXPECT_EQ(first_outcome(""), Outcome::kRunning);
  EXPECT_EQ(first_outcome("healthy_z_min: 1.3"), Outcome::kTerminated);
  EXPECT_EQ(first_outcome("healthy_z_max: 1"), Outcome::kTerminated);
  EXPECT_EQ(first_outcome("healthy_angle_min: 0.1"), Outcome::kTerminated);
  EXPECT_EQ(first_outcome("healthy_angle_max: -0.1"), Outcome::kTerminated);
  EXPECT_EQ(first_outcome("healthy_state_min: 0"), Outcome::kTerminated);
  EXPECT_EQ(first_outcome("healthy_state_max: 0"), Outcome::kTerminated);
}

TEST(HopperTest, ObservedVelocitiesAreClipped) {
  auto env = MakeEnv("hopper {}");
  env->Reset(Rng(1));
  env->data()->qvel[0] = 50;
  StepWith(*env, 0);
  EXPECT_GT(env->physics_state().qvel[0], 10);
  EXPECT_EQ(env->observation().state[5], 10);
}

TEST(HopperTest, AnEmptyHealthyRangeIsRefused) {
  EXPECT_THAT(ErrorOf("hopper { healthy_z_min: 3 healthy_z_max: 2 }"),
              AllOf(HasSubstr("hopper.healthy_z_min = 3"),
                    HasSubstr("hopper.healthy_z_max = 2")));
  EXPECT_THAT(ErrorOf("hopper { healthy_angle_min: 1 }"),
              HasSubstr("hopper.healthy_angle_min = 1"));
  EXPECT_THAT(ErrorOf("hopper { healthy_state_max: -inf }"),
              HasSubstr("hopper.healthy_state_max = -inf"));
}

}  // namespace
}  // namespace starling
