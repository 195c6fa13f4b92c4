#include "deploy/cli/episode_trace.h"

#include <gtest/gtest.h>

#include <sstream>

#include "deploy/cli/csv.h"

namespace starling {
namespace {

// Adds its action to a position that starts at a random place; ends at 4 steps
// or beyond 2.
class Line : public Env {
 public:
  explicit Line(int num_choices = 0) {
    spec_.set_name("line");
    spec_.set_state_size(1);
    spec_.set_action_size(1);
    spec_.add_action_low(num_choices > 0 ? 0 : -1);
    spec_.add_action_high(num_choices > 0 ? num_choices - 1 : 1);
    spec_.set_num_choices(num_choices);
    spec_.set_max_steps(4);
  }
  const v1::EnvSpec& spec() const override { return spec_; }
  void Reset(Rng rng) override {
    position_ = rng.Uniform(0, 0.1);
    steps_ = 0;
    Look();
  }
  StepResult Step(ConstVectorRef action) override {
    position_ += action[0];
    Look();
    if (position_ < -1) return {0, Outcome::kDiverged};
    if (position_ > 2) return {1, Outcome::kTerminated};
    return {-position_ / 3,
            ++steps_ == 4 ? Outcome::kTruncated : Outcome::kRunning};
  }
  Observation observation() const override {
    Observation observation;
    new (&observation.state) Eigen::Map<const Eigen::VectorXf>(&state_, 1);
    return observation;
  }
  PhysicsState physics_state() const override { return {{&position_, 1}, {}}; }

 private:
  void Look() { state_ = static_cast<float>(position_); }

  v1::EnvSpec spec_;
  double position_ = 0;
  float state_ = 0;
  int steps_ = 0;
};

ActionSource Constant(float value, int times) {
  return [=, left = times](const Observation&,
                           VectorRef action) mutable -> absl::StatusOr<bool> {
    action[0] = value;
    return left-- > 0;
  };
}

struct Traced {
  absl::Status status;
  std::string text;
};

Traced Trace(const ActionSource& next, int num_choices = 0) {
  Line env(num_choices);
  std::ostringstream out;
  const absl::Status status = TraceEpisode(env, Rng(5), next, out);
  return {status, out.str()};
}

TEST(EpisodeTraceTest, FirstRowIsTheStateAfterResetWithoutActionAndReward) {
  const Traced traced = Trace(Constant(0.5, 0));

  ASSERT_TRUE(traced.status.ok()) << traced.status;
  std::istringstream lines(traced.text);
  std::string header, row;
  std::getline(lines, header);
  std::getline(lines, row);
  EXPECT_EQ(header, "qpos_0,obs_0,action_0,reward,terminated,truncated");
  EXPECT_EQ(row.substr(row.size() - 6), ",,,0,0") << row;
}

TEST(EpisodeTraceTest, RowsEndWithTheActionsOrTheEpisode) {
  const auto rows = [](const Traced& traced) {
    return CsvTable::Parse(traced.text, "trace")->num_rows();
  };
  const auto ends_with = [](const Traced& traced, const std::string& end) {
    return traced.text.substr(traced.text.size() - end.size()) == end;
  };
  EXPECT_EQ(rows(Trace(Constant(0.25, 3))), 4);
  EXPECT_TRUE(ends_with(Trace(Constant(0.25, 3)), ",0,0\n"));
  EXPECT_EQ(rows(Trace(Constant(0.25, 9))), 5);
  EXPECT_TRUE(ends_with(Trace(Constant(0.25, 9)), ",0,1\n"));
  EXPECT_EQ(rows(Trace(Constant(1, 9))), 3);
  EXPECT_TRUE(ends_with(Trace(Constant(1, 9)), ",1,0\n"));
}

TEST(EpisodeTraceTest, NumbersRoundTrip) {
  const auto table = CsvTable::Parse(Trace(Constant(0.25, 2)).text, "trace");
  ASSERT_TRUE(table.ok()) << table.status();
  double numbers[4];

  ASSERT_TRUE(table->ReadRow(1, {0, 1, 2, 3}, absl::MakeSpan(numbers)).ok());

  const double position = Rng(5).Uniform(0, 0.1) + 0.25;
  EXPECT_EQ(numbers[0], position);
  EXPECT_EQ(numbers[1], static_cast<float>(position));
  EXPECT_EQ(numbers[2], 0.25);
  EXPECT_EQ(numbers[3], -position / 3);
}

TEST(EpisodeTraceTest, ActionsBeyondTheBoundsAreClippedWithOneWarning) {
  testing::internal::CaptureStderr();
  const Traced clipped = Trace(Constant(7, 9));
  const std::string log = testing::internal::GetCapturedStderr();

  EXPECT_EQ(clipped.text, Trace(Constant(1, 9)).text);
  EXPECT_NE(log.find("2 values in all, the first: step 1: action_0 = 7 is not "
                     "in [-1, 1]"),
            std::string::npos)
      << log;
}

TEST(EpisodeTraceTest, ChoicesMustBeIntegers) {
  EXPECT_TRUE(Trace(Constant(1, 1), 2).status.ok());
  const absl::Status status = Trace(Constant(0.5, 1), 2).status;
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "step 1: action_0 = 0.5 is not a choice: an integer in [0, 2)");
}

TEST(EpisodeTraceTest, DivergenceIsAnErrorNotARow) {
  const Traced traced = Trace(Constant(-1, 9));
  EXPECT_EQ(traced.status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Trace(Constant(NAN, 1)).status.code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace starling
