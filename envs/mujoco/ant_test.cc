#include <algorithm>
#include <cstdio>
#include <string>

#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(AntTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("ant {}"), {105, 8, 1, 0.05, 1000});
  ExpectSpec(*MakeEnv("ant { include_cfrc_ext_in_observation: false "
                      "exclude_current_positions_from_observation: false }"),
             {29, 8, 1, 0.05, 1000});
}

TEST(AntTest, ContactForcesAreClippedInObservationAndCost) {
  auto env = MakeEnv(
      "ant { contact_force_min: -0.25 contact_force_max: 0.5 "
      "contact_cost_weight: 1000 terminate_when_unhealthy: false }");
  env->Reset(Rng(1));
  double largest = 0;
  for (int i = 0; i < 60; ++i) {
    const StepResult result = StepWith(*env, 0);
    const auto forces = env->observation().state.tail(78);
    EXPECT_LE(forces.maxCoeff(), 0.5f);
    EXPECT_GE(forces.minCoeff(), -0.25f);
    largest = std::max<double>(largest, forces.maxCoeff());
    // The cost of the observed forces alone is then 100.
    if (forces.squaredNorm() > 0.1f) {
      EXPECT_LT(result.reward, -50);
    }
  }
  EXPECT_EQ(largest, 0.5);  // it did land on its feet
}

TEST(AntTest, BoundsOfTheHealthyHeightAreHealthy) {
  auto env = MakeEnv("ant { reset_noise_scale: 0 healthy_reward: 100 }");
  env->Reset(Rng(1));
  StepWith(*env, 0);
  const double z = env->physics_state().qpos[2];

  char options[200];
  snprintf(options, sizeof(options),
           "ant { reset_noise_scale: 0 healthy_z_min: %.17g "
           "healthy_z_max: %.17g }",
           z, z);
  auto exact = MakeEnv(options);
  exact->Reset(Rng(1));
  EXPECT_EQ(StepWith(*exact, 0).outcome, Outcome::kRunning);
}

TEST(AntTest, TheMainBodyMayBeANameOrANumber) {
  auto by_number = MakeEnv("ant { main_body: '3' }");
  const std::string name = mj_id2name(by_number->model(), mjOBJ_BODY, 3);
  auto by_name = MakeEnv("ant { main_body: '" + name + "' }");
  auto torso = MakeEnv("ant {}");
  for (auto* env : {&by_number, &by_name, &torso}) (*env)->Reset(Rng(1));

  const double reward = StepWith(*by_name, 1).reward;

  EXPECT_EQ(StepWith(*by_number, 1).reward, reward);
  EXPECT_NE(StepWith(*torso, 1).reward, reward);
}

TEST(AntTest, AnUnknownMainBodyIsRefused) {
  EXPECT_THAT(ErrorOf("ant { main_body: 'torzo' }"),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("ant.main_body"),
                    HasSubstr("torzo"), HasSubstr("did you mean torso")));
  EXPECT_THAT(ErrorOf("ant { main_body: '99' }"),
              AllOf(HasSubstr("ant.main_body = 99"), HasSubstr("0 to 13")));
}

TEST(AntTest, EmptyRangesAreRefused) {
  EXPECT_THAT(ErrorOf("ant { healthy_z_min: 2 }"),
              HasSubstr("ant.healthy_z_min = 2"));
  EXPECT_THAT(ErrorOf("ant { contact_force_max: -3 }"),
              HasSubstr("ant.contact_force_max = -3"));
}

}  // namespace
}  // namespace starling
