#include <algorithm>
#include <cmath>

#include "envs/mujoco/task_test.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(SwimmerTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("swimmer {}"), {8, 2, 1, 0.04, 1000});
  ExpectSpec(
      *MakeEnv("swimmer { exclude_current_positions_from_observation: false }"),
      {10, 2, 1, 0.04, 1000});
}

TEST(SwimmerTest, RewardIsSpeedAlongXMinusTheSquaredActions) {
  auto env = MakeEnv("swimmer { ctrl_cost_weight: 0.1 }");
  env->Reset(Rng(1));
  const double before = env->physics_state().qpos[0];
  const StepResult result = StepWith(*env, 1);
  const double speed = (env->physics_state().qpos[0] - before) / 0.04;
  EXPECT_DOUBLE_EQ(result.reward, speed - 0.1 * 2);
}

TEST(SwimmerTest, InitialNoiseIsUniform) {
  auto env = MakeEnv("swimmer { reset_noise_scale: 0.25 }");
  double largest = 0;
  for (int i = 0; i < 200; ++i) {
    env->Reset(Rng(i));
    for (const double v : env->physics_state().qvel) {
      EXPECT_LE(std::abs(v), 0.25);
      largest = std::max(largest, std::abs(v));
    }
  }
  // 1,000 uniform values: all within 98% of the bound once in 10^8 seeds.
  EXPECT_GT(largest, 0.245);
}

}  // namespace
}  // namespace starling
