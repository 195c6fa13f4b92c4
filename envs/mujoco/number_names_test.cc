#include "envs/mujoco/number_names.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "envs/mujoco/task_test.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

std::string StateName(const Env& env, int i) {
  return absl::StrCat(env.spec().state_names(i).name(), " ",
                      env.spec().state_names(i).unit());
}

TEST(NumberNamesTest, JointsNameThePositionsAndVelocitiesOfHalfCheetah) {
  const auto env = MakeEnv("half_cheetah {}");
  ASSERT_EQ(env->spec().state_names_size(), 17);
  EXPECT_EQ(StateName(*env, 0), "rootz/position m");
  EXPECT_EQ(StateName(*env, 1), "rooty/position rad");
  EXPECT_EQ(StateName(*env, 2), "bthigh/position rad");
  EXPECT_EQ(StateName(*env, 8), "rootx/velocity m/s");
  EXPECT_EQ(StateName(*env, 16), "ffoot/velocity rad/s");
  ASSERT_EQ(env->spec().action_names_size(), 6);
  EXPECT_EQ(env->spec().action_names(0).name(), "bthigh");
}

TEST(NumberNamesTest, FreeBodiesAndForcesHaveNamesForEachPart) {
  const auto env = MakeEnv("ant {}");
  EXPECT_EQ(StateName(*env, 0), "root/position_z m");
  EXPECT_EQ(StateName(*env, 1), "root/orientation_w ");
  EXPECT_EQ(StateName(*env, 13), "root/velocity_x m/s");
  EXPECT_EQ(StateName(*env, 16), "root/angular_velocity_x rad/s");
  EXPECT_EQ(StateName(*env, 27), "torso/external_torque_x N m");
  EXPECT_EQ(StateName(*env, 30), "torso/external_force_x N");
}

TEST(NumberNamesTest, NamesAreUnique) {
  for (const char* const task :
       {"half_cheetah {}", "ant {}", "humanoid {}", "hopper {}", "pusher {}",
        "reacher {}", "inverted_double_pendulum {}", "inverted_pendulum {}",
        "swimmer {}", "walker2d {}"}) {
    const auto env = MakeEnv(task);
    std::set<std::string> names;
    for (const v1::NumberName& name : env->spec().state_names()) {
      EXPECT_TRUE(names.insert(name.name()).second) << task << name.name();
      EXPECT_FALSE(name.name().empty()) << task;
    }
    names.clear();
    for (const v1::NumberName& name : env->spec().action_names()) {
      EXPECT_TRUE(names.insert(name.name()).second) << task << name.name();
    }
  }
}

TEST(NumberNamesTest, WhatIsComputedSaysHow) {
  const auto env = MakeEnv("reacher {}");
  EXPECT_EQ(StateName(*env, 0), "cos(joint0/position) ");
  EXPECT_EQ(StateName(*env, 3), "sin(joint1/position) ");
  EXPECT_EQ(StateName(*env, 6), "joint0/velocity rad/s");
  EXPECT_EQ(StateName(*env, 8), "fingertip/x_from_target m");
}

}  // namespace
}  // namespace starling
