// For the tests of the MuJoCo tasks.
#ifndef STARLING_ENVS_MUJOCO_TASK_TEST_H_
#define STARLING_ENVS_MUJOCO_TASK_TEST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "envs/mujoco/mujoco_env.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace starling {

// Of an EnvConfig in text format.
inline absl::StatusOr<std::unique_ptr<Env>> TryMakeEnv(
    const std::string& text) {
  v1::EnvConfig config;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
  return EnvRegistry::Make(config);
}

inline std::unique_ptr<MujocoEnv> MakeEnv(const std::string& text) {
  absl::StatusOr<std::unique_ptr<Env>> env = TryMakeEnv(text);
  CHECK(env.ok()) << env.status();
  auto* mujoco_env = dynamic_cast<MujocoEnv*>(env->release());
  CHECK(mujoco_env != nullptr);
  return std::unique_ptr<MujocoEnv>(mujoco_env);
}

// The error of a configuration that must not work: code and message.
inline std::string ErrorOf(const std::string& text) {
  return TryMakeEnv(text).status().ToString();
}

inline Eigen::VectorXf Action(const Env& env, float value) {
  return Eigen::VectorXf::Constant(env.spec().action_size(), value);
}

// The step's result with that value for every action.
inline StepResult StepWith(Env& env, float value) {
  return env.Step(Action(env, value));
}

struct ExpectedSpec {
  uint32_t state_size;
  uint32_t action_size;
  float action_bound;  // in both directions
  double control_period_s;
  uint32_t max_steps;
};

inline void ExpectSpec(const Env& env, const ExpectedSpec& expected) {
  const v1::EnvSpec& spec = env.spec();
  EXPECT_EQ(spec.state_size(), expected.state_size);
  EXPECT_EQ(spec.action_size(), expected.action_size);
  EXPECT_DOUBLE_EQ(spec.control_period_s(), expected.control_period_s);
  EXPECT_EQ(spec.max_steps(), expected.max_steps);
  EXPECT_EQ(spec.num_choices(), 0u);
  const int actions = static_cast<int>(expected.action_size);
  ASSERT_EQ(spec.action_low_size(), actions);
  ASSERT_EQ(spec.action_high_size(), actions);
  for (int i = 0; i < actions; ++i) {
    EXPECT_FLOAT_EQ(spec.action_low(i), -expected.action_bound);
    EXPECT_FLOAT_EQ(spec.action_high(i), expected.action_bound);
  }
  ASSERT_EQ(spec.model_sha256_size(), 1);
  EXPECT_EQ(spec.model_sha256(0).size(), 32u);
}

}  // namespace starling

#endif  // STARLING_ENVS_MUJOCO_TASK_TEST_H_
