#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/math_double.h"
#include "envs/env.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::EnvConfig Config() {
  v1::EnvConfig config;
  config.mutable_pendulum();
  return config;
}

std::unique_ptr<Env> Make(const v1::EnvConfig& config) {
  return EnvRegistry::Make(config).value();
}

StepResult Push(Env& env, float torque) {
  return env.Step(Eigen::VectorXf::Constant(1, torque));
}

double Angle(const Env& env) { return env.physics_state().qpos[0]; }
double Speed(const Env& env) { return env.physics_state().qvel[0]; }

// Torques that swing the rod through all angles.
float Torque(int step) { return (step / 12) % 2 == 0 ? 2.0f : -1.25f; }

TEST(PendulumTest, FollowsGymnasium) {
  auto env = Make(Config());
  env->Reset(Rng(1));
  ASSERT_NEAR(Angle(*env), 2.8728177931100554, 1e-15);
  ASSERT_NEAR(Speed(*env), -0.47327082160125844, 1e-15);

  double total = 0;
  for (int step = 0; step < 200; ++step) {
    total += Push(*env, Torque(step)).reward;
  }

  // Gymnasium 1.4.0's PendulumEnv from that state with those torques. It keeps
  // the angle unwrapped and takes numpy's sine: the last bits differ, and the
  // motion through the top magnifies that.
  EXPECT_NEAR(total, -1533.1843085570288, 1e-6);
  EXPECT_NEAR(Angle(*env), 2.1758655501173791, 1e-6);
  EXPECT_NEAR(Speed(*env), 0.58271591946014756, 1e-6);
}

TEST(PendulumTest, WithoutTorqueTheEnergyStays) {
  auto env = Make(Config());
  // Energy about the hinge, with the moment of inertia m l^2 / 3.
  const auto energy = [&] {
    return Speed(*env) * Speed(*env) / 6 + 5 * std::cos(Angle(*env));
  };
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    env->Reset(Rng(seed));
    const double start = energy();

    double largest = 0;
    for (int step = 0; step < 200; ++step) {
      Push(*env, 0);
      largest = std::max(largest, std::fabs(energy() - start));
    }

    // Semi-implicit Euler keeps the energy to first order of the period:
    // |error| <= period speed |torque of gravity| / 2 = 0.05 * 8 * 5 / 2.
    EXPECT_LT(largest, 1) << "seed " << seed;
  }
}

TEST(PendulumTest, RewardIsBestUprightAtRest) {
  auto env = Make(Config());
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    env->Reset(Rng(seed));
    const double angle = Angle(*env);
    const double speed = Speed(*env);

    const double reward = Push(*env, 1.5f).reward;

    EXPECT_DOUBLE_EQ(
        reward, -(angle * angle + 0.1 * speed * speed + 0.001 * 1.5 * 1.5));
    EXPECT_GE(angle, -kPi);
    EXPECT_LT(angle, kPi);
  }
}

TEST(PendulumTest, ObservationIsDirectionAndSpeed) {
  auto env = Make(Config());
  env->Reset(Rng(3));
  for (int step = 0; step < 100; ++step) Push(*env, Torque(step));

  const Observation seen = env->observation();

  EXPECT_FLOAT_EQ(seen.state[0], std::cos(Angle(*env)));
  EXPECT_FLOAT_EQ(seen.state[1], std::sin(Angle(*env)));
  EXPECT_FLOAT_EQ(seen.state[2], Speed(*env));
}

TEST(PendulumTest, SpeedIsCutAtItsLimit) {
  v1::EnvConfig config = Config();
  config.mutable_pendulum()->set_max_torque_nm(100);
  auto env = Make(config);
  env->Reset(Rng(1));

  for (int step = 0; step < 20; ++step) Push(*env, 100);

  EXPECT_EQ(Speed(*env), 8);
}

TEST(PendulumTest, OptionsChangeThePhysics) {
  v1::EnvConfig config = Config();
  config.mutable_pendulum()->set_gravity_m_per_s2(0);
  config.mutable_pendulum()->set_mass_kg(2);
  config.mutable_pendulum()->set_length_m(3);
  config.mutable_pendulum()->set_control_period_s(0.1);
  auto env = Make(config);
  env->Reset(Rng(1));
  const double speed = Speed(*env);

  Push(*env, 2);

  EXPECT_NEAR(Speed(*env), speed + 3.0 / (2 * 3 * 3) * 2 * 0.1, 1e-12);
  EXPECT_EQ(env->spec().control_period_s(), 0.1);
}

TEST(PendulumTest, OptionsOutOfRangeAreNamed) {
  v1::EnvConfig config = Config();
  config.mutable_pendulum()->set_mass_kg(-1);

  const auto env = EnvRegistry::Make(config);

  EXPECT_EQ(env.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(env.status().message().find("mass_kg"), std::string::npos);
}

TEST(PendulumTest, NotANumberIsADivergedEpisode) {
  auto env = Make(Config());
  env->Reset(Rng(1));

  EXPECT_EQ(Push(*env, std::nanf("")).outcome, Outcome::kDiverged);
}

TEST(PendulumTest, DrawsTheRodWhereItIs) {
  auto env = Make(Config());
  std::vector<uint8_t> rgb(3 * 50 * 50);
  env->Reset(Rng(4));

  ASSERT_TRUE(env->Draw(50, 50, rgb.data()));

  // Half way along the rod; 25 pixels are 1.3 units.
  const int row = std::lround(25 - std::cos(Angle(*env)) * 12.5 / 1.3);
  const int column = std::lround(25 - std::sin(Angle(*env)) * 12.5 / 1.3);
  EXPECT_EQ(rgb[3 * (row * 50 + column)], 204);
  EXPECT_EQ(rgb[3 * (row * 50 + column) + 1], 77);
  EXPECT_EQ(rgb[0], 255);
}

}  // namespace
}  // namespace starling
