#include <cmath>

#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

TEST(InvertedDoublePendulumTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("inverted_double_pendulum {}"), {9, 1, 1, 0.05, 1000});
}

TEST(InvertedDoublePendulumTest, StandingStillIsWorthTheHealthyReward) {
  auto env = MakeEnv(
      "inverted_double_pendulum { reset_noise_scale: 0 healthy_reward: 7 }");
  env->Reset(Rng(1));
  // The poles are 1.2 m long, 0.8 m short of the height without penalty.
  EXPECT_NEAR(StepWith(*env, 0).reward, 7 - 0.8 * 0.8, 1e-6);
}

TEST(InvertedDoublePendulumTest, FallingEndsTheEpisodeWithPenaltiesAlone) {
  auto env = MakeEnv("inverted_double_pendulum {}");
  env->Reset(Rng(1));
  env->data()->qpos[1] = 1.5;
  const StepResult result = StepWith(*env, 0);
  EXPECT_EQ(result.outcome, Outcome::kTerminated);
  EXPECT_LT(result.reward, 0);
}

TEST(InvertedDoublePendulumTest, ObservesSinesCosinesAndClippedVelocities) {
  auto env = MakeEnv("inverted_double_pendulum {}");
  env->Reset(Rng(1));
  env->data()->qvel[2] = 300;
  StepWith(*env, 0);
  const auto state = env->observation().state;
  const double* qpos = env->physics_state().qpos.data();
  EXPECT_FLOAT_EQ(state[2], std::sin(qpos[2]));
  EXPECT_FLOAT_EQ(state[3], std::cos(qpos[1]));
  EXPECT_LE(state.segment<3>(5).cwiseAbs().maxCoeff(), 10);
}

TEST(InvertedDoublePendulumTest, AModelWithoutATipIsRefused) {
  EXPECT_THAT(ErrorOf("inverted_double_pendulum { xml_file: 'hopper.xml' }"),
              HasSubstr("0 sites"));
}

}  // namespace
}  // namespace starling
