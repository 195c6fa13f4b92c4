#include "workers/policy_evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/log.h"
#include "base/rng.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "workers/evaluator.h"

namespace starling {
namespace {

v1::Experiment ParseExperiment(const std::string& text) {
  v1::Experiment experiment;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &experiment));
  return experiment;
}

// Pendulum from raw states: 3 numbers in, 1 out.
v1::Experiment PendulumExperiment() {
  return ParseExperiment(
      "seed: 3 env { pendulum {} max_steps: 50 } policy { linear {} } "
      "normalizer { enabled: false } rollout { reward_shift: 100 }");
}

v1::PolicyState StateOf(const std::vector<float>& mean) {
  v1::PolicyState state;
  state.mutable_distribution()->mutable_mean()->Assign(mean.begin(),
                                                       mean.end());
  return state;
}

TEST(PolicyEvaluationTest, StatisticsAreThoseOfTheReturns) {
  const PolicyEvaluation evaluation = *EvaluatePolicy(
      PendulumExperiment(), StateOf({0.5f, -1, 0.25f}), 10, 7, 1);

  ASSERT_EQ(evaluation.episodes, 10);
  ASSERT_EQ(evaluation.returns.size(), 10u);
  EXPECT_EQ(evaluation.lengths, std::vector<uint32_t>(10, 50));
  EXPECT_EQ(evaluation.mean_length, 50);
  double sum = 0, squares = 0, min = 1e300, max = -1e300;
  for (const double value : evaluation.returns) {
    sum += value;
    squares += value * value;
    min = std::min(min, value);
    max = std::max(max, value);
  }
  const double variance = (squares - sum * sum / 10) / 9;
  EXPECT_NEAR(evaluation.mean, sum / 10, 1e-9);
  EXPECT_NEAR(evaluation.std, std::sqrt(variance), 1e-6);
  EXPECT_EQ(evaluation.min, min);
  EXPECT_EQ(evaluation.max, max);
  // t of 9 degrees of freedom.
  EXPECT_NEAR(evaluation.ci95, 2.262157 * std::sqrt(variance / 10), 1e-5);
  // The training's shift of rewards has no part in it: pendulum's rewards are
  // costs of at most 17 a step.
  EXPECT_LT(max, 0);
  EXPECT_GT(min, -17 * 50);
}

TEST(PolicyEvaluationTest, ThreadsDoNotChangeTheResult) {
  const v1::PolicyState state = StateOf({0.5f, -1, 0.25f});
  const auto expected =
      EvaluatePolicy(PendulumExperiment(), state, 7, 7, 1)->returns;
  for (const int threads : {2, 3, 50}) {
    const auto again =
        EvaluatePolicy(PendulumExperiment(), state, 7, 7, threads);
    EXPECT_EQ(again->returns, expected) << threads << " threads";
  }
  EXPECT_NE(EvaluatePolicy(PendulumExperiment(), state, 7, 8, 1)->returns,
            expected);
}

TEST(PolicyEvaluationTest, EpisodesAreTheDocumentedOnes) {
  const v1::Experiment experiment = PendulumExperiment();
  const v1::PolicyState state = StateOf({0.5f, -1, 0.25f});
  const auto evaluation = EvaluatePolicy(experiment, state, 3, 9, 2);
  const auto evaluator = *Evaluator::Create(experiment);
  evaluator->SetState(std::make_shared<const v1::PolicyState>(state));
  for (int j = 0; j < 3; ++j) {
    v1::WorkUnit unit;
    unit.set_kind(v1::WorkUnit::EVAL_FRESH);
    unit.set_episodes(1);
    unit.set_episode_seed(DeriveSeed(9, Stream::kEvaluation, 0, 2, j));
    EXPECT_EQ(evaluator->Evaluate(unit).returns(0), evaluation->returns[j]);
  }
}

TEST(PolicyEvaluationTest, OneEpisodeLeavesTheIntervalOpen) {
  const auto evaluation =
      EvaluatePolicy(PendulumExperiment(), StateOf({0, 0, 0}), 1, 7, 4);
  EXPECT_EQ(evaluation->std, 0);
  EXPECT_TRUE(std::isinf(evaluation->ci95));
}

TEST(PolicyEvaluationTest, APolicyThatOnlyDivergesIsAnErrorWithTheReason) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto evaluation =
      EvaluatePolicy(PendulumExperiment(), StateOf({nan, 0, 0}), 5, 7, 2);

  ASSERT_EQ(evaluation.status().code(), absl::StatusCode::kAborted);
  EXPECT_NE(evaluation.status().ToString().find("all 5 episodes"),
            std::string::npos);
  EXPECT_NE(evaluation.status().ToString().find("action is not finite"),
            std::string::npos);
}

TEST(PolicyEvaluationTest, BadRequestsAreRefusedWithTheValue) {
  const v1::PolicyState state = StateOf({0, 0, 0});
  for (const auto& [episodes, threads, part] :
       {std::tuple(0, 1, "episodes must be >= 1, got 0"),
        std::tuple(1, 0, "threads must be 1 to 1024, got 0")}) {
    const auto evaluation =
        EvaluatePolicy(PendulumExperiment(), state, episodes, 7, threads);
    EXPECT_EQ(evaluation.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(evaluation.status().ToString().find(part), std::string::npos)
        << evaluation.status();
  }
  const auto short_mean =
      EvaluatePolicy(PendulumExperiment(), StateOf({0, 0}), 1, 7, 1);
  EXPECT_EQ(short_mean.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(short_mean.status().ToString().find("mean has 2 numbers"),
            std::string::npos);
}

}  // namespace
}  // namespace starling
