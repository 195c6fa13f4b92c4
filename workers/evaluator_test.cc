#include "workers/evaluator.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/moments.h"
#include "base/rng.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr char kPendulum[] =
    "seed: 11 env { pendulum {} max_steps: 40 } "
    "policy { mlp { hidden: 4 } } rollout { reward_shift: 0.5 }";
constexpr uint64_t kGeneration = 5;
constexpr float kSigma = 0.3f;

v1::Experiment ParseExperiment(const std::string& text) {
  v1::Experiment experiment;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &experiment));
  return experiment;
}

std::shared_ptr<v1::PolicyState> SomeState(const Evaluator& evaluator) {
  auto state = std::make_shared<v1::PolicyState>();
  state->set_generation(kGeneration);
  state->mutable_distribution()->set_sigma(kSigma);
  Rng rng(2);
  for (int i = 0; i < evaluator.num_parameters(); ++i) {
    state->mutable_distribution()->add_mean(
        static_cast<float>(0.1 * rng.Normal()));
  }
  return state;
}

std::unique_ptr<Evaluator> Ready(const std::string& text = kPendulum) {
  auto evaluator = *Evaluator::Create(ParseExperiment(text));
  evaluator->SetState(SomeState(*evaluator));
  return evaluator;
}

v1::WorkUnit Unit(uint32_t direction, int sign) {
  v1::WorkUnit unit;
  unit.set_generation(kGeneration);
  unit.set_index(9);
  unit.set_kind(v1::WorkUnit::TRAIN);
  unit.set_direction(direction);
  unit.set_sign(sign);
  unit.set_episode_seed(77);
  unit.set_episodes(3);
  unit.set_keep_moments(true);
  return unit;
}

// Bytes in the order of the fields: equal results have equal ones.
std::string Bytes(const v1::RolloutResult& result) {
  return result.SerializeAsString();
}

TEST(EvaluatorTest, AnswersWhatAHandMadeRolloutOfTheUnitsPointGives) {
  const auto evaluator = Ready();
  const v1::Experiment experiment = ParseExperiment(kPendulum);
  const auto state = SomeState(*evaluator);
  const auto env = *EnvRegistry::Make(experiment.env());
  const auto policy = *PolicyRegistry::Make(experiment.policy(), env->spec());
  const int d = policy->num_parameters();
  const auto noise = *Noise::Create({}, experiment.seed(), policy->layout());
  Eigen::VectorXf epsilon(d), point(d);
  noise->Open(kGeneration)->Fill(6, epsilon);

  for (const int sign : {-1, 1}) {
    const v1::RolloutResult result = evaluator->Evaluate(Unit(6, sign));

    ASSERT_EQ(result.status(), v1::RolloutResult::OK) << result.detail();
    EXPECT_EQ(result.generation(), kGeneration);
    EXPECT_EQ(result.index(), 9u);
    EXPECT_EQ(result.perturbation_check(), NoiseCheck(epsilon));
    ASSERT_EQ(result.returns_size(), 3);
    ASSERT_EQ(result.lengths_size(), 3);
    for (int i = 0; i < d; ++i) {
      point[i] = state->distribution().mean(i) + (sign * kSigma) * epsilon[i];
    }
    policy->SetParameters(point);
    Moments moments(3);
    for (uint32_t e = 0; e < 3; ++e) {
      const Episode episode =
          Rollout(env->spec())
              .Run(*env, Normalizer(3), *policy,
                   Rng(DeriveSeed(77, Stream::kEnv, e, 0, 0)), &moments);
      EXPECT_EQ(result.returns(e), episode.total_reward);
      EXPECT_EQ(result.lengths(e), 40u);
    }
    EXPECT_EQ(result.observations().SerializeAsString(),
              moments.ToProto().SerializeAsString());
    EXPECT_EQ(moments.count(), 120u);
  }
}

TEST(EvaluatorTest, ResultIsAPureFunctionOfTheUnit) {
  const auto evaluator = Ready(), other = Ready();
  const std::string expected = Bytes(evaluator->Evaluate(Unit(6, 1)));

  other->Evaluate(Unit(1, -1));
  other->Evaluate(Unit(0, 0));

  EXPECT_EQ(Bytes(other->Evaluate(Unit(6, 1))), expected);
  EXPECT_EQ(Bytes(evaluator->Evaluate(Unit(6, 1))), expected);
  EXPECT_NE(Bytes(evaluator->Evaluate(Unit(7, 1))), expected);
  EXPECT_NE(Bytes(evaluator->Evaluate(Unit(6, -1))), expected);
}

TEST(EvaluatorTest, SignZeroIsTheCentreWithoutNoise) {
  const auto evaluator = Ready();
  auto still = SomeState(*evaluator);
  const v1::RolloutResult centre = evaluator->Evaluate(Unit(6, 0));
  still->mutable_distribution()->set_sigma(0);
  evaluator->SetState(still);
  const v1::RolloutResult unmoved = evaluator->Evaluate(Unit(6, 1));

  EXPECT_EQ(centre.perturbation_check(), 0u);
  EXPECT_NE(unmoved.perturbation_check(), 0u);
  for (int e = 0; e < 3; ++e) EXPECT_EQ(centre.returns(e), unmoved.returns(e));
  EXPECT_EQ(Bytes(evaluator->Evaluate(Unit(123456789, 0))), Bytes(centre));
}

TEST(EvaluatorTest, ReturnsAreRawInEveryKindAndMomentsForWhoWantsThem) {
  const auto evaluator = Ready();
  v1::WorkUnit unit = Unit(0, 0);
  const v1::RolloutResult training = evaluator->Evaluate(unit);
  unit.set_kind(v1::WorkUnit::EVAL_FIXED);
  unit.set_keep_moments(false);

  const v1::RolloutResult evaluation = evaluator->Evaluate(unit);

  EXPECT_FALSE(evaluation.has_observations());
  EXPECT_TRUE(training.has_observations());
  for (int e = 0; e < 3; ++e)
    EXPECT_EQ(evaluation.returns(e), training.returns(e));
}

TEST(EvaluatorTest, ANewStateBringsItsMomentsAndItsNoise) {
  const auto evaluator = Ready();
  const std::string before = Bytes(evaluator->Evaluate(Unit(6, 1)));
  auto state = SomeState(*evaluator);
  Moments moments(3);
  moments.Add(Eigen::Vector3f(0, 0, 0));
  moments.Add(Eigen::Vector3f(2, 2, 2));
  *state->mutable_moments() = moments.ToProto();
  evaluator->SetState(state);
  EXPECT_NE(evaluator->Evaluate(Unit(6, 0)).returns(0),
            Ready()->Evaluate(Unit(6, 0)).returns(0));

  auto later = std::make_shared<v1::PolicyState>(*SomeState(*evaluator));
  later->set_generation(kGeneration + 1);
  evaluator->SetState(later);
  v1::WorkUnit unit = Unit(6, 1);
  unit.set_generation(kGeneration + 1);
  EXPECT_NE(evaluator->Evaluate(unit).perturbation_check(),
            Ready()->Evaluate(Unit(6, 1)).perturbation_check());

  evaluator->SetState(SomeState(*evaluator));
  EXPECT_EQ(Bytes(evaluator->Evaluate(Unit(6, 1))), before);
}

TEST(EvaluatorTest, ADivergedPolicyIsAStatusThatNamesEpisodeAndStep) {
  const auto evaluator = Ready();
  auto state = SomeState(*evaluator);
  state->mutable_distribution()->set_mean(
      0, std::numeric_limits<float>::quiet_NaN());
  evaluator->SetState(state);

  const v1::RolloutResult result = evaluator->Evaluate(Unit(6, 1));

  EXPECT_EQ(result.status(), v1::RolloutResult::DIVERGED);
  EXPECT_EQ(result.detail(),
            "episode 1 of 3, step 1: the policy's action is not finite");
  EXPECT_EQ(result.returns_size(), 0);
  EXPECT_EQ(result.lengths_size(), 0);
  EXPECT_FALSE(result.has_observations());
  EXPECT_EQ(result.index(), 9u);
  EXPECT_NE(result.perturbation_check(), 0u);
}

TEST(EvaluatorTest, UnitsThatMakeNoSenseAreAnsweredWithTheReason) {
  const auto evaluator = Ready();
  const auto expect_fault = [&](const v1::WorkUnit& unit,
                                const std::string& part) {
    const v1::RolloutResult result = evaluator->Evaluate(unit);
    EXPECT_EQ(result.status(), v1::RolloutResult::ENV_ERROR);
    EXPECT_NE(result.detail().find(part), std::string::npos) << result.detail();
    EXPECT_LE(result.detail().size(), 256u);
    EXPECT_EQ(result.returns_size(), 0);
  };

  expect_fault(Unit(4294967295u, 1), "direction is 4294967295");
  expect_fault(Unit(0, 2), "sign is 2");
  expect_fault(Unit(0, -2147483648), "sign is -2147483648");
  v1::WorkUnit unit = Unit(0, 1);
  unit.set_episodes(0);
  expect_fault(unit, "0 episodes");
  unit.set_episodes(4000000000u);
  expect_fault(unit, "4000000000 episodes");
  unit = Unit(0, 1);
  unit.set_generation(kGeneration + 1);
  expect_fault(unit, "generation 6");
  // And it goes on working.
  EXPECT_EQ(evaluator->Evaluate(Unit(6, 1)).status(), v1::RolloutResult::OK);
}

TEST(EvaluatorTest, StatesThatDoNotFitFailTheirUnitsWithTheReason) {
  const auto evaluator = *Evaluator::Create(ParseExperiment(kPendulum));
  const auto expect_fault = [&](const std::string& part) {
    const v1::RolloutResult result = evaluator->Evaluate(Unit(6, 1));
    EXPECT_EQ(result.status(), v1::RolloutResult::ENV_ERROR);
    EXPECT_NE(result.detail().find(part), std::string::npos) << result.detail();
  };
  expect_fault("no PolicyState");

  auto state = SomeState(*evaluator);
  state->mutable_distribution()->add_mean(1);
  evaluator->SetState(state);
  expect_fault("mean has 22 numbers, the policy 21");

  for (const float sigma : {-1.0f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
    state = SomeState(*evaluator);
    state->mutable_distribution()->set_sigma(sigma);
    evaluator->SetState(state);
    expect_fault("sigma is");
  }

  state = SomeState(*evaluator);
  *state->mutable_moments() = Moments(4).ToProto();
  state->mutable_moments()->set_count(3);
  evaluator->SetState(state);
  expect_fault("4 coordinates");

  state = SomeState(*evaluator);
  state->set_generation(uint64_t{1} << 32);
  evaluator->SetState(state);
  expect_fault("generation is 4294967296");

  evaluator->SetState(SomeState(*evaluator));
  EXPECT_EQ(evaluator->Evaluate(Unit(6, 1)).status(), v1::RolloutResult::OK);
}

TEST(EvaluatorTest, NoiseOptionsOfTheStrategyAreUsed) {
  const std::string common =
      "seed: 11 env { pendulum {} max_steps: 40 } policy { linear {} } ";
  const auto plain = Ready(common);
  const auto named =
      Ready(common + "strategy { ars { noise { gaussian {} } } }");

  EXPECT_EQ(Bytes(plain->Evaluate(Unit(6, 1))),
            Bytes(named->Evaluate(Unit(6, 1))));
}

TEST(EvaluatorTest, StepsGrowWithEveryEpisode) {
  const auto evaluator = Ready();
  EXPECT_EQ(evaluator->steps(), 0u);
  evaluator->Evaluate(Unit(6, 1));
  EXPECT_EQ(evaluator->steps(), 120u);
}

TEST(EvaluatorTest, ErrorsOfTheFactoriesComeThrough) {
  EXPECT_EQ(Evaluator::Create(ParseExperiment("")).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Evaluator::Create(ParseExperiment("env { pendulum {} }")).status().code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace starling
