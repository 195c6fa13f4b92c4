#include "deploy/robot/runtime.h"

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/match.h"
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
    EXPECT_EQ(runtime.Act(clock.now(), action), Source::kPolicy);
    EXPECT_FLOAT_EQ(action[0], expected);
    EXPECT_EQ(action[1], 1);
  }
  EXPECT_EQ(runtime.counts().range_limited, 6u);
  EXPECT_EQ(runtime.counts().rate_limited, 4u);
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
