#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

v1::EnvSpec Spec(int height, int width, int actions, int state_size = 0) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_state_size(state_size);
  spec.set_image_height(height);
  spec.set_image_width(width);
  spec.set_image_channels(3);
  spec.set_action_size(actions);
  for (int i = 0; i < actions; ++i) {
    spec.add_action_low(-1);
    spec.add_action_high(1);
  }
  return spec;
}

absl::StatusOr<std::unique_ptr<Policy>> TryMake(const std::string& options,
                                                const v1::EnvSpec& spec) {
  v1::PolicyConfig config;
  const absl::Status status = ParseTextProto(
      absl::StrCat("implicit_attention { ", options, " }"), "policy", &config);
  EXPECT_TRUE(status.ok()) << status;
  return PolicyRegistry::Make(config, spec);
}

std::unique_ptr<Policy> Make(const std::string& options,
                             const v1::EnvSpec& spec) {
  auto policy = TryMake(options, spec);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *std::move(policy);
}

// A frame and what is on it.
struct Scene {
  Scene(int side, uint64_t seed) : side(side), pixels(side * side * 3) {
    Rng rng(seed);
    for (uint8_t& pixel : pixels) {
      pixel = static_cast<uint8_t>(90 + rng.Below(30));
    }
    center = {Margin() + rng.Below(side - 2 * Margin()),
              Margin() + rng.Below(side - 2 * Margin())};
    do {
      other = {Margin() + rng.Below(side - 2 * Margin()),
               Margin() + rng.Below(side - 2 * Margin())};
    } while (std::hypot(static_cast<double>(center[0]) - other[0],
                        static_cast<double>(center[1]) - other[1]) < 12);
    Paint(other, {40, 60, 220});
    Paint(center, {220, 50, 40});
  }

  static constexpr uint32_t kRadius = 4;
  static constexpr uint32_t Margin() { return kRadius + 1; }
  void Paint(const std::vector<uint32_t>& at, const std::vector<int>& color) {
    for (int i = 0; i < side; ++i) {
      for (int j = 0; j < side; ++j) {
        if (!IsIn(at, i, j)) continue;
        for (int c = 0; c < 3; ++c) {
          pixels[(i * side + j) * 3 + c] = static_cast<uint8_t>(color[c]);
        }
      }
    }
  }
  static bool IsIn(const std::vector<uint32_t>& at, int i, int j) {
    return std::hypot(double(i) - at[0], double(j) - at[1]) <= kRadius;
  }
  Observation Seen() const {
    return {.state = {nullptr, 0}, .image = {pixels.data(), side, side, 3}};
  }
  bool HasAllPicks(const Gaze& gaze) const {
    for (const int pick : gaze.picks) {
      if (!IsIn(center, pick / gaze.columns, pick % gaze.columns)) return false;
    }
    return !gaze.picks.empty();
  }

  int side;
  std::vector<uint8_t> pixels;
  std::vector<uint32_t> center, other;
};

// Single pixels whose key is how red they are.
Eigen::VectorXf RedSeeker(const Policy& policy, float gain) {
  Eigen::VectorXf theta = Eigen::VectorXf::Zero(policy.num_parameters());
  const int query_bias = 12, key_weights = 16;
  theta[query_bias] = 1;
  theta[key_weights] = gain;
  theta[key_weights + 1] = theta[key_weights + 2] = -gain / 2;
  return theta;
}

TEST(ImplicitAttentionTest, HasAsManyParametersAsTheLiteratureCounts) {
  const struct {
    const char* options;
    int actions, expected;
  } kCounts[] = {
      {"", 3, 3667},
      {"", 1, 3633},
      {"patch: 1 stride: 1", 3, 2515},
      {"patch: 1 stride: 1 frame_stack: 3", 6, 2614},
  };
  for (const auto& count : kCounts) {
    EXPECT_EQ(
        Make(count.options, Spec(96, 96, count.actions))->num_parameters(),
        count.expected)
        << count.options;
  }
}

TEST(ImplicitAttentionTest, WithoutWeightsAllPatchesHaveOneVote) {
  for (const char* const options :
       {"", "features { positive { m: 16 } }",
        "features { angular_hybrid { m: 16 n: 8 } }"}) {
    SCOPED_TRACE(options);
    const auto policy = Make(options, Spec(40, 40, 2));
    policy->SetParameters(Eigen::VectorXf::Zero(policy->num_parameters()));
    const Scene scene(40, 1);
    Eigen::VectorXf action(2);
    policy->Act(scene.Seen(), action);
    const Gaze gaze = policy->gaze();
    ASSERT_EQ(gaze.rows * gaze.columns, 81);
    for (const float votes : gaze.votes) EXPECT_NEAR(votes, 1, 1e-5);
    if (*options != '\0') continue;
    // Exactly as many each: the first ones.
    for (size_t i = 0; i < 10; ++i) EXPECT_EQ(gaze.picks[i], int(i));
  }
}

TEST(ImplicitAttentionTest, APlantedObjectIsFoundWhereverItIs) {
  for (const char* const vote : {"COLUMN_NORMALIZED", "COLUMN_UNNORMALIZED"}) {
    for (const char* const features :
         {"", "features { generalized { m: 16 projections { seed: # } } }",
          "features { angular_hybrid { m: 16 n: 8 projections { seed: # } } }",
          "features { positive { m: 16 projections { seed: # } } }",
          "features { hyperbolic { m: 16 projections { seed: # } } }"}) {
      SCOPED_TRACE(absl::StrCat(features, " ", vote));
      const bool is_sure = !absl::StrContains(features, "positive") &&
                           !absl::StrContains(features, "hyperbolic");
      int found = 0;
      constexpr int kDraws = 50;
      for (int seed = 1; seed <= kDraws; ++seed) {
        std::string text = features;
        if (const size_t at = text.find('#'); at != std::string::npos) {
          text.replace(at, 1, absl::StrCat(seed));
        }
        const auto policy =
            Make(absl::StrCat("patch: 1 stride: 1 vote: ", vote, " ", text),
                 Spec(32, 32, 2));
        policy->SetParameters(RedSeeker(*policy, seed % 2 == 0 ? 1 : 2));
        const Scene scene(32, seed);
        Eigen::VectorXf action(2);
        policy->Act(scene.Seen(), action);
        found += scene.HasAllPicks(policy->gaze());
      }
      EXPECT_GE(found, is_sure ? kDraws : kDraws * 4 / 5);
    }
  }
}

TEST(ImplicitAttentionTest, AShiftOfAllKeysMakesNoDifference) {
  for (const char* const options : {"", "features { positive { m: 16 } }"}) {
    const auto policy = Make(options, Spec(40, 40, 2));
    Eigen::VectorXf theta(policy->num_parameters());
    policy->InitialParameters(Rng(3), theta);
    const Scene scene(40, 1);
    Eigen::VectorXf action(2);
    const auto votes = [&] {
      policy->SetParameters(theta);
      policy->Act(scene.Seen(), action);
      const Gaze gaze = policy->gaze();
      return std::vector<float>(gaze.votes.begin(), gaze.votes.end());
    };
    const std::vector<float> before = votes();
    theta.segment(4 * 148 + 4 * 147, 4).setConstant(0.5f);  // offsets of keys
    const std::vector<float> after = votes();
    double sum = 0;
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_NEAR(after[i], before[i], 1e-4);
      sum += double{before[i]};
    }
    EXPECT_NEAR(sum, 81, 1e-3);
    EXPECT_NE(before[0], before[1]);
  }
}

// The controller passes the first number that it sees.
TEST(ImplicitAttentionTest, ShowsWhatIsAskedForOfEachPick) {
  const Scene scene(32, 5);
  const struct {
    const char* pick;
    int size;
  } kPicks[] = {{"", 2},
                {"color: true", 5},
                {"center: false color: true", 3},
                {"importance: true", 3},
                {"pixels: true", 5}};
  for (const auto& shown : kPicks) {
    SCOPED_TRACE(shown.pick);
    const auto policy = Make(
        absl::StrCat("patch: 1 stride: 1 top_k: 3 mlp { bias: false } pick { ",
                     shown.pick, " }"),
        Spec(32, 32, 1));
    ASSERT_EQ(policy->num_parameters(), 2 * 16 + 3 * shown.size);
    Eigen::VectorXf action(1);
    std::vector<float> seen;
    for (int i = 0; i < shown.size; ++i) {
      Eigen::VectorXf theta = RedSeeker(*policy, 2);
      theta[32 + i] = 0.25f;  // within the bounds
      policy->SetParameters(theta);
      policy->Act(scene.Seen(), action);
      seen.push_back(action[0] * 4);
    }
    const Gaze gaze = policy->gaze();
    const int pick = gaze.picks[0];
    std::vector<float> expected;
    if (!absl::StrContains(shown.pick, "center: false")) {
      expected = {static_cast<float>(pick / 32) / 32,
                  static_cast<float>(pick % 32) / 32};
    }
    if (absl::StrContains(shown.pick, "color") ||
        absl::StrContains(shown.pick, "pixels")) {
      for (const int value : {220, 50, 40}) {
        expected.push_back(static_cast<float>(value) / 255);
      }
    }
    if (absl::StrContains(shown.pick, "importance")) {
      expected.push_back(gaze.votes[pick]);  // of a mean of 1
    }
    ASSERT_EQ(seen.size(), expected.size());
    for (size_t i = 0; i < seen.size(); ++i) {
      EXPECT_NEAR(seen[i], expected[i], 1e-5) << i;
    }
  }
}

TEST(ImplicitAttentionTest, LongQueriesAndKeysAreCut) {
  // Longer than the limit is as long as the limit.
  const Scene scene(32, 5);
  const auto policy = Make(
      "patch: 1 stride: 1 max_norm: 0.5 mlp { bias: false }", Spec(32, 32, 1));
  Eigen::VectorXf action(1);
  const auto votes = [&](float gain) {
    policy->SetParameters(RedSeeker(*policy, gain));
    policy->Act(scene.Seen(), action);
    const int red = policy->gaze().picks[0];
    return policy->gaze().votes[red];
  };
  EXPECT_GT(votes(2), votes(0.5f));
  EXPECT_NEAR(votes(200), votes(400), 1e-4);
}

TEST(ImplicitAttentionTest, RefusesWhatDoesNotFit) {
  const auto refused = [](const std::string& options, const v1::EnvSpec& spec,
                          const char* part) {
    const absl::Status status = TryMake(options, spec).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << options;
    EXPECT_TRUE(absl::StrContains(status.message(), part)) << status;
  };
  refused("patch: 33", Spec(32, 40, 1), "frames of test are 40 x 32");
  refused("stride: 0", Spec(32, 32, 1), "at least 1");
  refused("top_k: 50", Spec(32, 32, 1), "have 49 patches");
  refused("top_k: 0", Spec(32, 32, 1), "top_k: 0");
  refused("pick { center: false }", Spec(32, 32, 1), "shows nothing");
  refused("features { positive { m: 0 } }", Spec(32, 32, 1), "positive.m");
  v1::EnvSpec blind = Spec(0, 0, 1, 5);
  refused("", blind, "shows a state only");
}

}  // namespace
}  // namespace starling
