#include <cmath>
#include <memory>
#include <vector>

#include "envs/env.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::EnvConfig Config() {
  v1::EnvConfig config;
  config.mutable_cartpole();
  return config;
}

std::unique_ptr<Env> Make(const v1::EnvConfig& config) {
  return EnvRegistry::Make(config).value();
}

StepResult Push(Env& env, int choice) {
  return env.Step(Eigen::VectorXf::Constant(1, static_cast<float>(choice)));
}

// Pushes to the side that the pole leans and turns to.
int Balance(const Env& env) {
  const auto state = env.observation().state;
  return state[2] + 0.3f * state[3] + 0.02f * state[0] + 0.05f * state[1] > 0;
}

TEST(CartpoleTest, FollowsGymnasium) {
  auto env = Make(Config());
  env->Reset(Rng(1));
  const PhysicsState start = env->physics_state();
  ASSERT_NEAR(start.qpos[0], 0.045722315237581523, 1e-15);
  ASSERT_NEAR(start.qvel[0], -0.023663541080062925, 1e-15);
  ASSERT_NEAR(start.qpos[1], -0.0070092690381184514, 1e-15);
  ASSERT_NEAR(start.qvel[1], 0.026443656608942587, 1e-15);

  int steps = 0;
  for (; steps < 100; ++steps) {
    if (Push(*env, (steps / 3) % 2).outcome != Outcome::kRunning) break;
  }

  // Gymnasium 1.4.0's CartPoleEnv from that state with those pushes.
  EXPECT_EQ(steps, 19);
  const PhysicsState end = env->physics_state();
  EXPECT_NEAR(end.qpos[0], -0.075502709898518622, 1e-9);
  EXPECT_NEAR(end.qvel[0], -0.43733651615094826, 1e-9);
  EXPECT_NEAR(end.qpos[1], 0.22393142073738587, 1e-9);
  EXPECT_NEAR(end.qvel[1], 1.1547402544585823, 1e-9);
}

TEST(CartpoleTest, ABalancedPoleLastsUntilTheLimit) {
  auto env = Make(Config());
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    env->Reset(Rng(seed));

    double total = 0;
    StepResult result{0, Outcome::kRunning};
    while (result.outcome == Outcome::kRunning) {
      result = Push(*env, Balance(*env));
      total += result.reward;
    }

    EXPECT_EQ(result.outcome, Outcome::kTruncated) << "seed " << seed;
    EXPECT_EQ(total, 500) << "seed " << seed;
  }
}

TEST(CartpoleTest, AFallEndsTheEpisodeAndCountsItsStep) {
  auto env = Make(Config());
  env->Reset(Rng(2));

  double total = 0;
  int steps = 0;
  StepResult result{0, Outcome::kRunning};
  while (result.outcome == Outcome::kRunning) {
    result = Push(*env, 1);
    total += result.reward;
    ++steps;
  }

  EXPECT_EQ(result.outcome, Outcome::kTerminated);
  EXPECT_EQ(total, steps);
  // Pushed to the right, the pole falls to the left.
  EXPECT_LT(env->physics_state().qpos[1], -0.2094);
  EXPECT_GT(env->physics_state().qpos[0], 0);
  EXPECT_LT(steps, 15);
}

TEST(CartpoleTest, LeavingTheTrackEndsTheEpisode) {
  v1::EnvConfig config = Config();
  config.mutable_cartpole()->set_max_angle_rad(1.5);
  config.mutable_cartpole()->set_max_position_m(0.1);
  config.mutable_cartpole()->set_gravity_m_per_s2(0);
  config.mutable_cartpole()->set_pole_mass_kg(0.001);
  auto env = Make(config);
  env->Reset(Rng(2));

  int steps = 0;
  while (Push(*env, 1).outcome == Outcome::kRunning) ASSERT_LT(++steps, 50);

  EXPECT_GT(std::fabs(env->physics_state().qpos[0]), 0.1);
  EXPECT_LT(std::fabs(env->physics_state().qpos[1]), 1.5);
}

TEST(CartpoleTest, ActionIsAChoiceOfTwo) {
  auto env = Make(Config());

  EXPECT_EQ(env->spec().num_choices(), 2);
  EXPECT_EQ(env->spec().action_size(), 1);

  env->Reset(Rng(1));
  EXPECT_EQ(env->Step(Eigen::VectorXf::Constant(1, std::nanf(""))).outcome,
            Outcome::kDiverged);
}

TEST(CartpoleTest, DrawsThePole) {
  auto env = Make(Config());
  std::vector<uint8_t> rgb(3 * 60 * 90);
  env->Reset(Rng(4));

  ASSERT_TRUE(env->Draw(60, 90, rgb.data()));

  // The pole stands in the middle, to within 12 degrees.
  int pole_pixels = 0;
  for (int column = 40; column < 50; ++column) {
    const uint8_t* pixel = &rgb[3 * (25 * 90 + column)];
    pole_pixels += pixel[2] < 140;  // brown on white
  }
  EXPECT_GE(pole_pixels, 1);
}

}  // namespace
}  // namespace starling
