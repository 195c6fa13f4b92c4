#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/text_proto.h"
#include "envs/env.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

std::unique_ptr<Env> Make(const std::string& options) {
  v1::EnvConfig config;
  EXPECT_TRUE(
      ParseTextProto("car_racing { " + options + " }", "env", &config).ok());
  auto env = EnvRegistry::Make(config);
  EXPECT_TRUE(env.ok()) << env.status();
  return *std::move(env);
}

std::vector<uint8_t> Pixels(const Env& env) {
  const ImageView image = env.observation().image;
  return {image.data, image.data + image.height * image.width * image.channels};
}

std::vector<int> At(const std::vector<uint8_t>& pixels, int row, int column) {
  const uint8_t* const p = &pixels[(row * 96 + column) * 3];
  return {p[0], p[1], p[2]};
}

const Eigen::Vector3f kGas(0, 0.3f, 0);

TEST(CarRacingTest, ShowsTheCarOnTheRoadInTheField) {
  const auto env = Make("");
  env->Reset(Rng(3));
  for (int i = 0; i < 60; ++i) env->Step(kGas);
  const std::vector<uint8_t> pixels = Pixels(*env);
  // The car, a quarter up; road before it; the dials below.
  bool has_car = false;
  for (int row = 66; row < 78; ++row) {
    for (int column = 44; column < 52; ++column) {
      has_car |= At(pixels, row, column) == std::vector<int>({204, 0, 0});
    }
  }
  EXPECT_TRUE(has_car);
  const std::vector<int> road = At(pixels, 62, 48);
  EXPECT_NEAR(road[0], 105, 4);
  EXPECT_EQ(road[0], road[1]);
  EXPECT_EQ(At(pixels, 95, 2), std::vector<int>({0, 0, 0}));
  int grass = 0;
  for (int i = 0; i < 84 * 96; ++i) grass += pixels[3 * i + 1] >= 200;
  EXPECT_GT(grass, 1000);
}

TEST(CarRacingTest, ASeedIsAnEpisodeByteForByte) {
  for (const char* const options : {"", "variant: NOISE", "variant: COLOR"}) {
    const auto one = Make(options), other = Make(options);
    other->Reset(Rng(99));
    other->Step(kGas);
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      one->Reset(Rng(seed));
      other->Reset(Rng(seed));
      for (int step = 0; step < 60; ++step) {
        ASSERT_EQ(Pixels(*one), Pixels(*other)) << options << step;
        EXPECT_EQ(one->Step(kGas).reward, other->Step(kGas).reward);
      }
    }
  }
}

TEST(CarRacingTest, VariantsLookOtherwiseAndDriveAlike) {
  const auto plain = Make("");
  for (const char* const variant : {"COLOR", "BARS", "BLOB", "NOISE"}) {
    SCOPED_TRACE(variant);
    const auto other = Make(std::string("variant: ") + variant);
    plain->Reset(Rng(5));
    other->Reset(Rng(5));
    for (int step = 0; step < 80; ++step) {
      const Eigen::Vector3f action(0.2f * std::sin(0.1f * step), 0.3f, 0);
      EXPECT_EQ(plain->Step(action).reward, other->Step(action).reward);
      EXPECT_EQ(plain->physics_state().qpos[0], other->physics_state().qpos[0]);
    }
    EXPECT_NE(Pixels(*plain), Pixels(*other));
  }
}

TEST(CarRacingTest, EndsWhereItIsToldTo) {
  // Straight on, off the field.
  const auto env = Make("");
  env->Reset(Rng(1));
  StepResult result = {};
  int steps = 0;
  do {
    result = env->Step(Eigen::Vector3f(0, 1, 0));
    ++steps;
  } while (result.outcome == Outcome::kRunning);
  EXPECT_LT(steps, 1000);
  EXPECT_EQ(result.outcome, Outcome::kTerminated);
  EXPECT_LT(result.reward, -99);

  // Nothing new for some time.
  const auto impatient = Make("give_up_after: 20");
  impatient->Reset(Rng(1));
  steps = 0;
  while (impatient->Step(Eigen::Vector3f::Zero()).outcome ==
         Outcome::kRunning) {
    ++steps;
  }
  // The first step has the tiles that the car stands on.
  EXPECT_EQ(steps, 20);

  // Time.
  const auto patient = Make("");
  patient->Reset(Rng(1));
  steps = 1;
  while (patient->Step(Eigen::Vector3f::Zero()).outcome == Outcome::kRunning) {
    ++steps;
  }
  EXPECT_EQ(steps, 1000);
}

}  // namespace
}  // namespace starling
