#include "deploy/robot/runtime.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "base/rng.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

using Source = RobotRuntime::Source;
using std::chrono::milliseconds;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Two actions, each ten times its observation, in [-1, 3] and [1, 2].
v1::ExportedPolicy Model() {
  v1::ExportedPolicy model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(format_version: 1
         contract {
           observations { name: "hip" } observations { name: "knee" }
           actions { name: "left" low: -1 high: 3 }
           actions { name: "right" low: 1 high: 2 }
         }
         layers {
           rows: 2 operation: IDENTITY
           sparse { row_lengths: 1 row_lengths: 1 values: 0 values: 1 }
           weights { float32 { values: 10 values: 10 } }
         }
         head { kind: CLIP low: -1 low: 1 high: 3 high: 2 })",
      &model));
  return model;
}

class Clock {
 public:
  RobotRuntime::Time now() const { return now_; }
  void Pass(int ms) { now_ += milliseconds(ms); }

 private:
  RobotRuntime::Time now_{};
};

RobotRuntime Make(const SafetyRules& rules) {
  auto runtime = RobotRuntime::Create(Model(), rules);
  EXPECT_TRUE(runtime.ok()) << runtime.status();
  return *std::move(runtime);
}

TEST(RobotRuntimeTest, ActsOnTheNewestObservation) {
  RobotRuntime runtime = Make({});
  Clock clock;
  Eigen::Vector2f action;
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kNoObservation);
  // Zero, or what is nearest to it within the bounds.
  EXPECT_EQ(action, Eigen::Vector2f(0, 1));
  runtime.Observe(Eigen::Vector2f(0.5f, 0.5f), clock.now());
  runtime.Observe(Eigen::Vector2f(0.1f, 0.15f), clock.now());
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kPolicy);
  EXPECT_EQ(action, Eigen::Vector2f(1, 1.5f));
  EXPECT_EQ(runtime.counts().cycles, 2u);
  EXPECT_EQ(runtime.counts().observations, 2u);
  EXPECT_EQ(runtime.counts().no_observation, 1u);
  runtime.Reset();
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kNoObservation);
}

TEST(RobotRuntimeTest, SendsTheSafeActionWhenItCannotKnow) {
  SafetyRules rules;
  rules.safe_action = {-0.5f, 1.25f};
  rules.stale_after_s = 0.1;
  RobotRuntime runtime = Make(rules);
  Clock clock;
  const Eigen::Vector2f safe(-0.5f, 1.25f);
  Eigen::Vector2f action;
  runtime.Observe(Eigen::Vector2f(0.1f, 0.1f), clock.now());
  clock.Pass(100);
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kPolicy);
  clock.Pass(1);
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kStale);
  EXPECT_EQ(action, safe);
  for (const float bad : {kNan, HUGE_VALF}) {
    runtime.Observe(Eigen::Vector2f(0.1f, bad), clock.now());
    EXPECT_EQ(runtime.Act(clock.now(), action), Source::kNotFinite);
    EXPECT_EQ(action, safe);
  }
  // And is back as soon as it can.
  runtime.Observe(Eigen::Vector2f(0.1f, 0.1f), clock.now());
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kPolicy);
  EXPECT_EQ(runtime.counts().stale, 1u);
  EXPECT_EQ(runtime.counts().not_finite, 2u);
}

TEST(RobotRuntimeTest, APolicyWithoutAnswerIsNotSent) {
  // Infinity less infinity.
  v1::ExportedPolicy model = Model();
  v1::NetworkLayer* const layer = model.mutable_layers(0);
  layer->mutable_sparse()->Clear();
  for (const uint32_t length : {2, 1}) {
    layer->mutable_sparse()->add_row_lengths(length);
  }
  for (const uint32_t value : {0, 1, 1})
    layer->mutable_sparse()->add_values(value);
  layer->mutable_weights()->mutable_float32()->Clear();
  for (const float weight : {1e30f, -1e30f, 1.0f}) {
    layer->mutable_weights()->mutable_float32()->add_values(weight);
  }
  auto runtime = RobotRuntime::Create(model, {});
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  Clock clock;
  Eigen::Vector2f action;
  runtime->Observe(Eigen::Vector2f(1e30f, 1e30f), clock.now());
  EXPECT_EQ(runtime->Act(clock.now(), action), Source::kNoAnswer);
  EXPECT_EQ(action, Eigen::Vector2f(0, 1));
  EXPECT_EQ(runtime->counts().no_answer, 1u);
}

TEST(RobotRuntimeTest, LimitsRangeAndRate) {
  SafetyRules rules;
  rules.low = {-1, 1};
  rules.high = {2.5f, 2};
  rules.max_rate = {10, 100};
  RobotRuntime runtime = Make(rules);
  Clock clock;
  Eigen::Vector2f action;
  runtime.Observe(Eigen::Vector2f(0, 0.1f), clock.now());
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kPolicy);
  EXPECT_EQ(action, Eigen::Vector2f(0, 1));
  // 10 a second: 0.5 in 50 ms.
  runtime.Observe(Eigen::Vector2f(1, 0.1f), clock.now());
  for (const float expected : {0.5f, 1.0f, 1.5f, 2.0f, 2.5f, 2.5f}) {
    clock.Pass(50);
    EXPECT_EQ(runtime.Act(clock.now(), action), Source::kLimited);
    EXPECT_FLOAT_EQ(action[0], expected);
    EXPECT_EQ(action[1], 1);
  }
  EXPECT_EQ(runtime.counts().range_limited, 6u);
  EXPECT_EQ(runtime.counts().rate_limited, 4u);
}

// The robot is where it was.
TEST(RobotRuntimeTest, ANewEpisodeIsNoLeaveToJump) {
  SafetyRules rules;
  rules.max_rate = {10, HUGE_VALF};
  RobotRuntime runtime = Make(rules);
  Clock clock;
  Eigen::Vector2f action;
  runtime.Observe(Eigen::Vector2f(0, 0.1f), clock.now());
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kPolicy);
  runtime.Reset();
  clock.Pass(10);
  runtime.Observe(Eigen::Vector2f(1, 1), clock.now());
  EXPECT_EQ(runtime.Act(clock.now(), action), Source::kLimited);
  EXPECT_FLOAT_EQ(action[0], 0.1f);
  EXPECT_EQ(action[1], 2);
}

TEST(RobotRuntimeTest, NothingLeavesTheLimits) {
  SafetyRules rules;
  rules.low = {-0.75f, 1.25f};
  rules.high = {2.5f, 1.75f};
  rules.safe_action = {2.25f, 1.5f};
  rules.max_rate = {7, 3};
  rules.stale_after_s = 0.05;
  RobotRuntime runtime = Make(rules);
  Clock clock;
  Rng rng(3);
  Eigen::Vector2f action, last = Eigen::Vector2f::Constant(kNan);
  uint64_t safe = 0;
  for (int i = 0; i < 20000; ++i) {
    const int ms = static_cast<int>(rng.Below(40));
    clock.Pass(ms);
    if (rng.Below(3) > 0) {
      Eigen::Vector2f state;
      for (float& x : state) {
        x = rng.Below(20) == 0 ? kNan : static_cast<float>(rng.Normal());
      }
      runtime.Observe(state, clock.now());
    }
    if (rng.Below(50) == 0) runtime.Reset();
    const Source source = runtime.Act(clock.now(), action);
    for (int k = 0; k < 2; ++k) {
      ASSERT_GE(action[k], rules.low[k]);
      ASSERT_LE(action[k], rules.high[k]);
    }
    if (source == Source::kPolicy || source == Source::kLimited) {
      if (i > 0) {
        for (int k = 0; k < 2; ++k) {
          // Roundings of floats up to 2.5: a few 1e-7.
          ASSERT_LE(std::abs(action[k] - last[k]),
                    1e-3f * rules.max_rate[k] * static_cast<float>(ms) + 1e-6f);
        }
      }
    } else {
      ++safe;
      ASSERT_EQ(action, Eigen::Vector2f(2.25f, 1.5f));
    }
    last = action;
  }
  const RobotRuntime::Counts& counts = runtime.counts();
  EXPECT_EQ(safe, counts.no_observation + counts.stale + counts.not_finite);
  for (const uint64_t count :
       {counts.no_observation, counts.stale, counts.not_finite,
        counts.range_limited, counts.rate_limited}) {
    EXPECT_GT(count, 100u);
  }
}

TEST(RobotRuntimeTest, ChoicesHaveASafeOneAndNoLimits) {
  v1::ExportedPolicy model = Model();
  v1::Contract* const contract = model.mutable_contract();
  contract->set_num_choices(2);
  contract->mutable_actions()->RemoveLast();
  contract->mutable_actions(0)->set_low(0);
  contract->mutable_actions(0)->set_high(1);
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "kind: CHOICE low: 0 high: 1", model.mutable_head()));
  SafetyRules rules;
  rules.safe_action = {1};
  auto runtime = RobotRuntime::Create(model, rules);
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  Eigen::VectorXf action(1);
  runtime->Act({}, action);
  EXPECT_EQ(action[0], 1);

  rules.safe_action = {0.5f};
  EXPECT_TRUE(
      absl::IsInvalidArgument(RobotRuntime::Create(model, rules).status()));
  rules = {};
  rules.max_rate = {1};
  EXPECT_TRUE(
      absl::IsInvalidArgument(RobotRuntime::Create(model, rules).status()));
}

TEST(RobotRuntimeTest, RefusesRulesThatMakeNoSense) {
  const auto refused = [](const SafetyRules& rules, const char* part) {
    const absl::Status status = RobotRuntime::Create(Model(), rules).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), part)) << status;
  };
  SafetyRules rules;
  rules.safe_action = {0};
  refused(rules, "safe action: 1 numbers for 2 actions");
  rules.safe_action = {0, 0};
  refused(rules, "the safe action of action right is 0");
  rules.safe_action = {kNan, 1};
  refused(rules, "the safe action of action left");
  rules = {};
  rules.high = {4, 2};
  refused(rules,
          "the upper limit of action left is 4; by the policy's "
          "contract the action is in [-1, 3]");
  rules.high = {0, 2};
  rules.low = {1, 1};
  refused(rules, "the limits of action left are 1 to 0");
  rules.low = {-1, 1};
  rules.safe_action = {1, 1};
  refused(rules,
          "the safe action of action left is 1; by the limits given the action "
          "is in [-1, 0]");
  rules = {};
  rules.max_rate = {1, 0};
  refused(rules, "above 0");
  rules = {};
  rules.stale_after_s = 0;
  refused(rules, "above 0");
}

TEST(RobotRuntimeTest, AllocatesNothing) {
  SafetyRules rules;
  rules.max_rate = {10, 100};
  RobotRuntime runtime = Make(rules);
  Clock clock;
  Eigen::VectorXf action(2);
  const Eigen::VectorXf state = Eigen::Vector2f(1, 2);
  const AllocationGuard guard;
  for (int i = 0; i < 100; ++i) {
    runtime.Observe(state, clock.now());
    runtime.Act(clock.now(), action);
    clock.Pass(10);
  }
  EXPECT_EQ(guard.count(), 0);
}

}  // namespace
}  // namespace starling
