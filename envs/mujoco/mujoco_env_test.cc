#include "envs/mujoco/mujoco_env.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "envs/mujoco/task_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<double> IntegrationState(MujocoEnv& env) {
  std::vector<double> state(mj_stateSize(env.model(), mjSTATE_INTEGRATION));
  mj_getState(env.model(), env.data(), state.data(), mjSTATE_INTEGRATION);
  return state;
}

TEST(MujocoEnvTest, AnEpisodeDoesNotRememberTheOneBefore) {
  auto fresh = MakeEnv("humanoid {}");
  auto used = MakeEnv("humanoid {}");
  used->Reset(Rng(1));
  for (int i = 0; i < 20; ++i) StepWith(*used, 0.3f);

  fresh->Reset(Rng(2));
  used->Reset(Rng(2));

  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(IntegrationState(*fresh), IntegrationState(*used));
    EXPECT_EQ(fresh->observation().state, used->observation().state);
    EXPECT_EQ(StepWith(*fresh, -0.1f).reward, StepWith(*used, -0.1f).reward);
  }
}

TEST(MujocoEnvTest, DifferentKeysStartDifferentEpisodes) {
  auto env = MakeEnv("hopper {}");
  env->Reset(Rng(1));
  const Eigen::VectorXf first = env->observation().state;
  env->Reset(Rng(2));
  EXPECT_NE(first, env->observation().state);
}

TEST(MujocoEnvTest, TheLastStepIsTruncated) {
  auto env = MakeEnv("half_cheetah {} max_steps: 3");
  EXPECT_EQ(env->spec().max_steps(), 3u);
  for (int episode = 0; episode < 2; ++episode) {
    env->Reset(Rng(episode));
    EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kRunning);
    EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kRunning);
    EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kTruncated);
  }
}

TEST(MujocoEnvTest, FallingInTheLastStepIsStillAFall) {
  auto env = MakeEnv("inverted_pendulum { reset_noise_scale: 0 } max_steps: 1");
  env->data()->qpos[1] = 1;
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kTerminated);
}

TEST(MujocoEnvTest, AnActionThatIsNoNumberDiverges) {
  auto env = MakeEnv("ant {}");
  const StepResult result =
      StepWith(*env, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(result.outcome, Outcome::kDiverged);
  EXPECT_EQ(result.reward, 0);

  env->Reset(Rng(1));
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kRunning);
}

TEST(MujocoEnvTest, AStateThatTheEngineResetsDivergesThoughItEndsFinite) {
  auto env = MakeEnv("half_cheetah {}");
  env->data()->qvel[3] = 1e12;
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kDiverged);
  EXPECT_TRUE(std::isfinite(env->physics_state().qpos[0]));
  EXPECT_FALSE(std::filesystem::exists("MUJOCO_LOG.TXT"));
}

TEST(MujocoEnvTest, AnEngineErrorInsideAnEpisodeDiverges) {
  auto env = MakeEnv("half_cheetah {}");
  mjcb_control = [](const mjModel*, mjData*) { mju_error("out of luck"); };
  const StepResult result = StepWith(*env, 0);
  mjcb_control = nullptr;
  EXPECT_EQ(result.outcome, Outcome::kDiverged);

  env->Reset(Rng(1));
  EXPECT_EQ(StepWith(*env, 0).outcome, Outcome::kRunning);
}

TEST(MujocoEnvTest, AnEpisodeGoesOnBitForBitFromItsIntegrationState) {
  auto one = MakeEnv("walker2d {}");
  auto other = MakeEnv("walker2d {}");
  one->Reset(Rng(3));
  for (int i = 0; i < 10; ++i) StepWith(*one, 0.5f);

  other->SetIntegrationState(IntegrationState(*one));

  EXPECT_EQ(one->observation().state, other->observation().state);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(StepWith(*one, 0.2f).reward, StepWith(*other, 0.2f).reward);
    EXPECT_EQ(IntegrationState(*one), IntegrationState(*other));
  }
}

TEST(MujocoEnvTest, ObservationsAreTheStateRoundedToFloat) {
  auto env = MakeEnv("half_cheetah {}");
  env->Reset(Rng(5));
  StepWith(*env, 0.7f);
  const PhysicsState physics = env->physics_state();
  const Observation observation = env->observation();
  ASSERT_EQ(observation.state.size(), 17);
  EXPECT_EQ(observation.image.data, nullptr);
  EXPECT_EQ(observation.state[0], static_cast<float>(physics.qpos[1]));
  EXPECT_EQ(observation.state[16], static_cast<float>(physics.qvel[8]));
}

TEST(MujocoEnvTest, OptionsOutOfRangeAreRefusedWithFieldAndValue) {
  EXPECT_THAT(ErrorOf("half_cheetah { frame_skip: 0 }"),
              AllOf(HasSubstr("INVALID_ARGUMENT"),
                    HasSubstr("half_cheetah.frame_skip"), HasSubstr("0")));
  EXPECT_THAT(ErrorOf("ant { ctrl_cost_weight: -2 }"),
              AllOf(HasSubstr("ant.ctrl_cost_weight"), HasSubstr("-2")));
  EXPECT_THAT(ErrorOf("swimmer { forward_reward_weight: nan }"),
              HasSubstr("swimmer.forward_reward_weight"));
  EXPECT_THAT(ErrorOf("hopper {} max_steps: 2000000"), HasSubstr("max_steps"));
}

TEST(MujocoEnvTest, AModelThatIsTooSmallForTheTaskIsRefused) {
  EXPECT_THAT(ErrorOf("humanoid { xml_file: 'inverted_pendulum.xml' }"),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("2 positions"),
                    HasSubstr("at least 7")));
}

TEST(MujocoEnvTest, AModelFromDiskWithoutLimitsHasUnboundedActions) {
  const std::string path = ::testing::TempDir() + "/slider.xml";
  std::ofstream(path) << R"(<mujoco><worldbody><body>
      <joint name="x" type="slide" axis="1 0 0"/><geom size="1"/>
      </body></worldbody><actuator><motor joint="x"/></actuator></mujoco>)";
  auto env = MakeEnv("half_cheetah { xml_file: '" + path + "' }");
  EXPECT_EQ(env->spec().action_low(0), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(env->spec().action_high(0), std::numeric_limits<float>::infinity());
}

TEST(MujocoEnvTest, AModelWithoutActuatorsIsRefused) {
  const std::string path = ::testing::TempDir() + "/still.xml";
  std::ofstream(path) << R"(<mujoco><worldbody><body><freejoint/>
      <geom size="1"/></body></worldbody></mujoco>)";
  EXPECT_THAT(ErrorOf("half_cheetah { xml_file: '" + path + "' }"),
              AllOf(HasSubstr(path), HasSubstr("no actuator")));
}

}  // namespace
}  // namespace starling
