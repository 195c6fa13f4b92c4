// Steps a second of every MuJoCo task, with a linear policy, and how near they
// come to the engine alone.
//
//   env_speed [SECONDS a task and measurement, default 2] [TASK ..]
//
// One line a task: name, steps/s of environment and policy, steps/s of
// environment under prepared actions, steps/s of a loop that only copies the
// same actions and calls mj_step on the same trajectory, ratio of the last two.
// These two take turns of a few milliseconds, so that other load on the machine
// hits both alike. One thread.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/log.h"
#include "envs/env.h"
#include "envs/mujoco/mujoco_env.h"

namespace starling {
namespace {

constexpr int kEpisode = 200;  // steps

double Now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::unique_ptr<MujocoEnv> Make(const std::string& name) {
  absl::StatusOr<v1::EnvConfig> config = EnvRegistry::Default(name);
  CHECK(config.ok()) << config.status();
  absl::StatusOr<std::unique_ptr<Env>> env = EnvRegistry::Make(*config);
  CHECK(env.ok()) << env.status();
  return std::unique_ptr<MujocoEnv>(dynamic_cast<MujocoEnv*>(env->release()));
}

// Small weights, the same as those of envs_test.py.
double PolicyStepsPerSecond(MujocoEnv& env, double seconds) {
  const int actions = env.spec().action_size();
  const int states = env.spec().state_size();
  Eigen::MatrixXf weights(actions, states);
  for (int i = 0; i < actions; ++i) {
    for (int j = 0; j < states; ++j) {
      weights(i, j) = 0.01f * ((7 * i + 3 * j) % 11 - 5);
    }
  }
  const Eigen::VectorXf low = Eigen::Map<const Eigen::VectorXf>(
      env.spec().action_low().data(), actions);
  const Eigen::VectorXf high = Eigen::Map<const Eigen::VectorXf>(
      env.spec().action_high().data(), actions);
  Eigen::VectorXf action(actions);
  int64_t steps = 0;
  const double start = Now();
  while (Now() - start < seconds) {
    env.Reset(Rng(steps));
    for (int i = 0; i < kEpisode; ++i, ++steps) {
      action.noalias() = weights * env.observation().state;
      action = action.cwiseMax(low).cwiseMin(high);
      if (env.Step(action).outcome != Outcome::kRunning) {
        env.Reset(Rng(steps));
      }
    }
  }
  return steps / (Now() - start);
}

struct Speeds {
  double env;
  double engine;
};

Speeds CompareWithEngine(MujocoEnv& env, double seconds) {
  const int actions = env.spec().action_size();
  Rng rng(1);
  Eigen::MatrixXf prepared(actions, kEpisode);
  for (int i = 0; i < prepared.size(); ++i) {
    prepared(i) = static_cast<float>(rng.Uniform(-1, 1)) *
                  env.spec().action_high(i % actions);
  }
  const MujocoData bare(mj_copyData(nullptr, env.model(), env.data()));
  std::vector<double> initial(mj_stateSize(env.model(), mjSTATE_INTEGRATION));
  int64_t steps = 0;
  double env_time = 0;
  double engine_time = 0;
  while (env_time + engine_time < 2 * seconds) {
    env.Reset(Rng(steps));
    mj_getState(env.model(), env.data(), initial.data(), mjSTATE_INTEGRATION);
    const double start = Now();
    for (int i = 0; i < kEpisode; ++i) env.Step(prepared.col(i));
    const double middle = Now();
    mj_setState(env.model(), bare.get(), initial.data(), mjSTATE_INTEGRATION);
    const double again = Now();
    for (int i = 0; i < kEpisode; ++i) {
      for (int j = 0; j < actions; ++j) bare->ctrl[j] = prepared(j, i);
      for (int k = 0; k < env.frame_skip(); ++k) {
        mj_step(env.model(), bare.get());
      }
    }
    env_time += middle - start;
    engine_time += Now() - again;
    steps += kEpisode;
  }
  return {steps / env_time, steps / engine_time};
}

int Main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  std::vector<std::string> names(argv + std::min(argc, 2), argv + argc);
  if (names.empty()) {
    names = {"half_cheetah",
             "swimmer",
             "hopper",
             "walker2d",
             "ant",
             "humanoid",
             "humanoid_standup",
             "reacher",
             "pusher",
             "inverted_pendulum",
             "inverted_double_pendulum"};
  }
  std::printf(
      "task,policy_steps_per_s,env_steps_per_s,engine_steps_per_s,"
      "ratio\n");
  for (const std::string& name : names) {
    std::unique_ptr<MujocoEnv> env = Make(name);
    const double policy = PolicyStepsPerSecond(*env, seconds);
    const Speeds speeds = CompareWithEngine(*env, seconds);
    std::printf("%s,%.0f,%.0f,%.0f,%.3f\n", name.c_str(), policy, speeds.env,
                speeds.engine, speeds.env / speeds.engine);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) { return starling::Main(argc, argv); }
