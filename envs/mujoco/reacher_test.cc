#include <algorithm>
#include <cmath>

#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ReacherTest, LooksAsInGymnasium) {
  ExpectSpec(*MakeEnv("reacher {}"), {10, 2, 1, 0.02, 50});
}

TEST(ReacherTest, TargetsLieInADiscAndRest) {
  auto env = MakeEnv("reacher {}");
  double farthest = 0;
  for (int i = 0; i < 300; ++i) {
    env->Reset(Rng(i));
    const PhysicsState state = env->physics_state();
    const double radius = std::hypot(state.qpos[2], state.qpos[3]);
    EXPECT_LT(radius, 0.2);
    farthest = std::max(farthest, radius);
    EXPECT_EQ(state.qvel[2], 0);
    EXPECT_EQ(state.qvel[3], 0);
  }
  // P(all of 300 within 0.9 R) = 0.81^300 < 10^-27.
  EXPECT_GT(farthest, 0.18);
}

TEST(ReacherTest, RewardIsMinusDistanceAndEffort) {
  auto env =
      MakeEnv("reacher { reward_dist_weight: 2 reward_control_weight: 0.5 }");
  env->Reset(Rng(1));
  const StepResult result = StepWith(*env, 0.5f);
  const auto difference = env->observation().state.tail(2);
  // The observation is in float.
  EXPECT_NEAR(result.reward, -2 * difference.norm() - 0.5 * 2 * 0.25, 1e-6);
}

TEST(ReacherTest, ObservesSinesAndCosinesOfTheJoints) {
  auto env = MakeEnv("reacher {}");
  env->Reset(Rng(3));
  const auto state = env->observation().state;
  const double* qpos = env->physics_state().qpos.data();
  EXPECT_FLOAT_EQ(state[1], std::cos(qpos[1]));
  EXPECT_FLOAT_EQ(state[2], std::sin(qpos[0]));
}

TEST(ReacherTest, AModelWithoutAFingertipIsRefused) {
  EXPECT_THAT(ErrorOf("reacher { xml_file: 'ant.xml' }"),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("ant.xml"),
                    HasSubstr("fingertip")));
}

}  // namespace
}  // namespace starling
