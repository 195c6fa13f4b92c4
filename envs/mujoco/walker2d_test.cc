#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

TEST(Walker2dTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("walker2d {}"), {17, 6, 1, 0.008, 1000});
}

TEST(Walker2dTest, TiltingOrSinkingEndsTheEpisode) {
  auto env = MakeEnv("walker2d {}");
  env->Reset(Rng(1));
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kRunning);
  env->data()->qpos[2] = -1.2;
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kTerminated);

  env->Reset(Rng(1));
  env->data()->qpos[1] = 0.5;
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kTerminated);
}

TEST(Walker2dTest, ItsFeetAreThoseOfTheModelOfVersionFive) {
  auto env = MakeEnv("walker2d {}");
  const int right = mj_name2id(env->model(), mjOBJ_GEOM, "foot_geom");
  const int left = mj_name2id(env->model(), mjOBJ_GEOM, "foot_left_geom");
  ASSERT_GE(right, 0);
  ASSERT_GE(left, 0);
  EXPECT_EQ(env->model()->geom_friction[3 * right],
            env->model()->geom_friction[3 * left]);
}

TEST(Walker2dTest, AnEmptyHealthyRangeIsRefused) {
  EXPECT_THAT(ErrorOf("walker2d { healthy_z_max: 0.5 }"),
              HasSubstr("walker2d.healthy_z_min = 0.8"));
  EXPECT_THAT(ErrorOf("walker2d { healthy_angle_max: -2 }"),
              HasSubstr("walker2d.healthy_angle_max = -2"));
}

}  // namespace
}  // namespace starling
