#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

TEST(HumanoidTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("humanoid {}"), {348, 17, 0.4f, 0.015, 1000});
}

TEST(HumanoidTest, EachPartOfTheObservationCanBeLeftOut) {
  const auto size = [](const std::string& options) {
    return MakeEnv("humanoid { " + options + " }")->spec().state_size();
  };
  EXPECT_EQ(size("include_cinert_in_observation: false"), 348u - 130);
  EXPECT_EQ(size("include_cvel_in_observation: false"), 348u - 78);
  EXPECT_EQ(size("include_qfrc_actuator_in_observation: false"), 348u - 17);
  EXPECT_EQ(size("include_cfrc_ext_in_observation: false"), 348u - 78);
  EXPECT_EQ(size("exclude_current_positions_from_observation: false"),
            348u + 2);
}

TEST(HumanoidTest, RewardIsTheSpeedOfTheCentreOfMass) {
  auto env = MakeEnv(
      "humanoid { forward_reward_weight: 1 ctrl_cost_weight: 0 "
      "contact_cost_weight: 0 healthy_reward: 0 reset_noise_scale: 0 }");
  env->Reset(Rng(1));
  // The whole body moves: so do all its parts.
  env->data()->qvel[0] = 3;
  EXPECT_NEAR(StepWith(*env, 0).reward, 3, 0.7);
}

TEST(HumanoidTest, LyingDownEndsTheEpisode) {
  auto env = MakeEnv("humanoid {}");
  env->Reset(Rng(1));
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kRunning);
  env->data()->qpos[2] = 0.7;
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kTerminated);
}

TEST(HumanoidTest, TheContactCostIsClippedToItsRange) {
  const auto reward = [](const std::string& options) {
    auto env = MakeEnv("humanoid { reset_noise_scale: 0 " + options + " }");
    env->Reset(Rng(1));
    return StepWith(*env, 0).reward;
  };
  const double free = reward("contact_cost_weight: 0");
  // At least 3 is due although there is no contact yet; to one rounding of 8.
  EXPECT_NEAR(reward("contact_cost_min: 3"), free - 3, 1e-14);
}

TEST(HumanoidTest, EmptyRangesAreRefused) {
  EXPECT_THAT(ErrorOf("humanoid { healthy_z_max: 0.5 }"),
              HasSubstr("humanoid.healthy_z_max = 0.5"));
  EXPECT_THAT(ErrorOf("humanoid { contact_cost_min: 11 }"),
              HasSubstr("humanoid.contact_cost_min = 11"));
}

}  // namespace
}  // namespace starling
