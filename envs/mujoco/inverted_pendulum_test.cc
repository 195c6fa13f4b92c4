#include <cmath>

#include "envs/mujoco/task_test.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(InvertedPendulumTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("inverted_pendulum {}"), {4, 1, 3, 0.04, 1000});
}

TEST(InvertedPendulumTest, RewardIsOneAStepUntilThePoleFalls) {
  auto env = MakeEnv("inverted_pendulum {}");
  env->Reset(Rng(1));
  int steps = 0;
  StepResult result;
  do {
    result = StepWith(*env, 1);
    ++steps;
    if (result.outcome == Outcome::kRunning) {
      EXPECT_EQ(result.reward, 1);
      EXPECT_LE(std::abs(env->physics_state().qpos[1]), 0.2);
    }
  } while (result.outcome == Outcome::kRunning && steps < 100);

  EXPECT_EQ(result.outcome, Outcome::kTerminated);
  EXPECT_EQ(result.reward, 0);
  EXPECT_GT(std::abs(env->physics_state().qpos[1]), 0.2);
}

TEST(InvertedPendulumTest, InitialNoiseKeepsToItsScale) {
  auto env = MakeEnv("inverted_pendulum { reset_noise_scale: 0.05 }");
  for (int i = 0; i < 50; ++i) {
    env->Reset(Rng(i));
    for (const double q : env->physics_state().qpos) {
      EXPECT_LE(std::abs(q), 0.05);
    }
  }
}

}  // namespace
}  // namespace starling
