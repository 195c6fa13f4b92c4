#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

TEST(HumanoidStandupTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("humanoid_standup {}"), {348, 17, 0.4f, 0.015, 1000});
}

TEST(HumanoidStandupTest, RewardIsHeightOverTheEnginesStepPlusOne) {
  auto env =
      MakeEnv("humanoid_standup { ctrl_cost_weight: 0 impact_cost_weight: 0 }");
  env->Reset(Rng(1));
  const double reward = StepWith(*env, 0.2f).reward;
  EXPECT_DOUBLE_EQ(reward, env->physics_state().qpos[2] / 0.003 + 1);
}

TEST(HumanoidStandupTest, BothCostsCount) {
  const auto reward = [](const std::string& options) {
    auto env = MakeEnv("humanoid_standup { " + options + " }");
    env->Reset(Rng(1));
    return StepWith(*env, 0.5f).reward;
  };
  const double free = reward("ctrl_cost_weight: 0 impact_cost_weight: 0");
  EXPECT_NEAR(reward("ctrl_cost_weight: 2 impact_cost_weight: 0"),
              free - 2 * 17 * 0.25, 1e-12);
  EXPECT_NEAR(reward("ctrl_cost_weight: 0 impact_cost_min: 4 "
                     "impact_cost_max: 4"),
              free - 4, 1e-12);
}

TEST(HumanoidStandupTest, NeverTerminates) {
  auto env = MakeEnv("humanoid_standup {}");
  env->Reset(Rng(1));
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(StepWith(*env, 0.4f).outcome, Outcome::kRunning);
  }
}

TEST(HumanoidStandupTest, AnEmptyRangeIsRefused) {
  EXPECT_THAT(ErrorOf("humanoid_standup { impact_cost_min: 11 }"),
              HasSubstr("humanoid_standup.impact_cost_min = 11"));
}

}  // namespace
}  // namespace starling
