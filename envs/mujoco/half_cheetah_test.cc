#include <cmath>

#include "envs/mujoco/task_test.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(HalfCheetahTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("half_cheetah {}"), {17, 6, 1, 0.05, 1000});
  ExpectSpec(*MakeEnv("half_cheetah { frame_skip: 3 "
                      "exclude_current_positions_from_observation: false }"),
             {18, 6, 1, 0.03, 1000});
}

TEST(HalfCheetahTest, RewardIsSpeedMinusTheSquaredActions) {
  auto env = MakeEnv(
      "half_cheetah { forward_reward_weight: 2 ctrl_cost_weight: 0.5 }");
  env->Reset(Rng(1));
  const double before = env->physics_state().qpos[0];
  const StepResult result = StepWith(*env, 0.5f);
  const double speed = (env->physics_state().qpos[0] - before) / 0.05;
  EXPECT_DOUBLE_EQ(result.reward, 2 * speed - 0.5 * 6 * 0.25);
}

TEST(HalfCheetahTest, NeverTerminates) {
  auto env = MakeEnv("half_cheetah {}");
  env->Reset(Rng(1));
  env->data()->qpos[2] = 3.1;  // on its back
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(StepWith(*env, 1).outcome, Outcome::kRunning);
  }
}

TEST(HalfCheetahTest, WithoutNoiseEveryEpisodeStartsTheSame) {
  auto env = MakeEnv("half_cheetah { reset_noise_scale: 0 }");
  env->Reset(Rng(7));
  for (const double q : env->physics_state().qpos) EXPECT_EQ(q, 0);
  for (const double v : env->physics_state().qvel) EXPECT_EQ(v, 0);
}

TEST(HalfCheetahTest, InitialPositionsAreBoundedAndVelocitiesNormal) {
  auto env = MakeEnv("half_cheetah {}");
  double squares = 0;
  const int episodes = 400;
  for (int i = 0; i < episodes; ++i) {
    env->Reset(Rng(i));
    for (const double q : env->physics_state().qpos)
      EXPECT_LE(std::abs(q), 0.1);
    for (const double v : env->physics_state().qvel) squares += v * v;
  }
  // 3,600 normals of variance 0.01: the mean square has a standard error of
  // 0.01 sqrt(2 / 3600) = 0.00024. A uniform one would have 0.0033.
  EXPECT_NEAR(squares / (9 * episodes), 0.01, 0.0011);
}

}  // namespace
}  // namespace starling
