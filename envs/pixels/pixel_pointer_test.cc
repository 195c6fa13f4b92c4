#include <cmath>
#include <cstring>
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
      ParseTextProto("pixel_pointer { " + options + " }", "env", &config).ok());
  auto env = EnvRegistry::Make(config);
  EXPECT_TRUE(env.ok()) << env.status();
  return *std::move(env);
}

std::vector<uint8_t> Pixels(const Env& env) {
  const ImageView image = env.observation().image;
  return {image.data, image.data + image.height * image.width * image.channels};
}

// Straight to the target, as far as a step goes.
Eigen::Vector2f Best(const Env& env) {
  const auto at = env.physics_state().qpos;
  Eigen::Vector2f action;
  for (int i = 0; i < 2; ++i) {
    action[i] = static_cast<float>(
        std::fmax(-1, std::fmin(1, (at[2 + i] - at[i]) / 0.06)));
  }
  return action;
}

TEST(PixelPointerTest, TheRewardIsTheDistanceAndItCanBeMadeSmall) {
  const auto env = Make("");
  double best = 0, still = 0;
  for (const bool moves : {true, false}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      env->Reset(Rng(seed));
      Outcome outcome = Outcome::kRunning;
      int steps = 0;
      while (outcome == Outcome::kRunning) {
        const StepResult result =
            env->Step(moves ? Best(*env) : Eigen::Vector2f::Zero());
        const auto at = env->physics_state().qpos;
        EXPECT_NEAR(result.reward, -std::hypot(at[0] - at[2], at[1] - at[3]),
                    1e-12);
        (moves ? best : still) += result.reward;
        outcome = result.outcome;
        ++steps;
      }
      EXPECT_EQ(outcome, Outcome::kTruncated);
      EXPECT_EQ(steps, 100);
    }
  }
  EXPECT_GT(best / 20, -4);
  EXPECT_LT(still / 20, -25);
}

TEST(PixelPointerTest, TheTargetIsTheRedOne) {
  const auto env = Make("size: 64");
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    env->Reset(Rng(seed));
    const auto at = env->physics_state().qpos;
    // Under the cursor, perhaps.
    if (std::hypot(at[0] - at[2], at[1] - at[3]) < 0.12) continue;
    const std::vector<uint8_t> pixels = Pixels(*env);
    const int row = static_cast<int>(at[2] * 64);
    const int column = static_cast<int>(at[3] * 64);
    int largest = -255, redness_there = 0;
    for (int i = 0; i < 64; ++i) {
      for (int j = 0; j < 64; ++j) {
        const uint8_t* const p = &pixels[(i * 64 + j) * 3];
        const int redness = p[0] - (p[1] + p[2]) / 2;
        largest = std::max(largest, redness);
        if (i == row && j == column) redness_there = redness;
      }
    }
    EXPECT_EQ(redness_there, largest);
    EXPECT_GT(largest, 150);
  }
}

TEST(PixelPointerTest, LooksDoNotChangeWhatMoves) {
  const auto plain = Make("");
  for (const char* const options :
       {"unseen_backgrounds: true", "unseen_colors: true", "distractors: 0",
        "size: 48"}) {
    SCOPED_TRACE(options);
    const auto other = Make(options);
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      plain->Reset(Rng(seed));
      other->Reset(Rng(seed));
      EXPECT_NE(Pixels(*plain), Pixels(*other));
      for (int step = 0; step < 50; ++step) {
        const Eigen::Vector2f action(std::sin(step), std::cos(step));
        EXPECT_EQ(plain->Step(action).reward, other->Step(action).reward);
        const auto a = plain->physics_state(), b = other->physics_state();
        for (int i = 0; i < 4; ++i) ASSERT_EQ(a.qpos[i], b.qpos[i]);
      }
    }
  }
}

TEST(PixelPointerTest, ASeedIsAnEpisodeByteForByte) {
  const auto one = Make(""), other = Make("");
  other->Reset(Rng(99));
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    one->Reset(Rng(seed));
    other->Reset(Rng(seed));
    for (int step = 0; step < 20; ++step) {
      EXPECT_EQ(Pixels(*one), Pixels(*other));
      one->Step(Eigen::Vector2f(0.3f, -1));
      other->Step(Eigen::Vector2f(0.3f, -1));
    }
  }
}

}  // namespace
}  // namespace starling
