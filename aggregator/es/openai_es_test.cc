#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "aggregator/es/strategy.h"
#include "base/noise.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kParameters = 33;
constexpr int kDirections = 20;

v1::StrategyConfig Config() {
  v1::StrategyConfig config;
  config.mutable_openai_es()->set_num_directions(kDirections);
  return config;
}

// Raw fitness, plain ascent with a step of 1, no decay: theta moves by ghat.
v1::StrategyConfig PlainConfig() {
  v1::StrategyConfig config = Config();
  v1::OpenAiEs* es = config.mutable_openai_es();
  es->set_weight_decay(0);
  es->mutable_shaping()->mutable_raw();
  es->mutable_optimizer()->mutable_sgd()->set_step_size(1);
  return config;
}

std::unique_ptr<Strategy> Make(const v1::StrategyConfig& config) {
  return *StrategyRegistry::Make(config,
                                 Eigen::VectorXf::Constant(kParameters, 2));
}

std::unique_ptr<Noise> MakeNoise(const Strategy& strategy) {
  return *Noise::Create(strategy.noise_config(), 3,
                        {{"weights", 0, kParameters, 1}});
}

std::vector<DirectionOutcome> Outcomes() {
  std::vector<DirectionOutcome> outcomes;
  for (int i = 0; i < kDirections; ++i) {
    outcomes.push_back({true, i * 0.25, (i * 7) % 5 - 1.0});
  }
  return outcomes;
}

absl::Status Tell(Strategy* strategy,
                  const std::vector<DirectionOutcome>& outcomes) {
  return strategy->Tell(*MakeNoise(*strategy), 4, outcomes, 1);
}

TEST(OpenAiEsTest, GradientIsTheWeightedSumOfDirections) {
  const std::unique_ptr<Strategy> strategy = Make(PlainConfig());
  const std::vector<DirectionOutcome> outcomes = Outcomes();
  ASSERT_TRUE(Tell(strategy.get(), outcomes).ok());

  // (1 / (2 n sigma)) sum (plus - minus) epsilon, in the plainest way.
  Eigen::VectorXd gradient = Eigen::VectorXd::Zero(kParameters);
  Eigen::VectorXf epsilon(kParameters);
  const auto stream = MakeNoise(*strategy)->Open(4);
  for (int i = 0; i < kDirections; ++i) {
    stream->Fill(i, epsilon);
    gradient += (outcomes[i].plus - outcomes[i].minus) *
                epsilon.cast<double>() /
                (2.0 * kDirections * strategy->distribution().sigma);
  }
  for (int i = 0; i < kParameters; ++i) {
    // Rounded once to float: half a unit in the last place.
    EXPECT_NEAR(strategy->distribution().mean[i], 2 + gradient[i],
                std::abs(2 + gradient[i]) * 0x1p-24 * (1 + 1e-6));
  }
}

TEST(OpenAiEsTest, DefaultOptimizerIsAdamWithAStepOfTwoHundredths) {
  const std::unique_ptr<Strategy> strategy = Make(Config());
  ASSERT_TRUE(Tell(strategy.get(), Outcomes()).ok());

  for (const float parameter : strategy->distribution().mean) {
    // The first step of Adam; elements of ghat are larger than 1e-4.
    EXPECT_NEAR(std::abs(parameter - 2), 0.02, 1e-4);
  }
}

TEST(OpenAiEsTest, WeightDecayPullsToZeroEvenOnAPlateau) {
  v1::StrategyConfig config = PlainConfig();
  config.mutable_openai_es()->set_weight_decay(0.25);
  const std::unique_ptr<Strategy> strategy = Make(config);

  ASSERT_TRUE(Tell(strategy.get(),
                   std::vector<DirectionOutcome>(kDirections, {true, 7, 7}))
                  .ok());

  EXPECT_EQ(strategy->distribution().mean,
            Eigen::VectorXf(Eigen::VectorXf::Constant(kParameters, 1.5f)));
}

TEST(OpenAiEsTest, ParametersThatOverflowChangeNothing) {
  v1::StrategyConfig config = PlainConfig();
  config.mutable_openai_es()->mutable_optimizer()->mutable_sgd()->set_step_size(
      1e39);
  config.mutable_openai_es()->mutable_optimizer()->mutable_sgd()->set_momentum(
      0.5);
  const std::unique_ptr<Strategy> strategy = Make(config);
  const std::string before = strategy->Save();

  EXPECT_EQ(Tell(strategy.get(), Outcomes()).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(strategy->Save(), before);
}

TEST(OpenAiEsTest, GradientThatOverflowsChangesNothing) {
  v1::StrategyConfig config = PlainConfig();
  config.mutable_openai_es()->set_sigma(1e-30);
  config.mutable_openai_es()->mutable_optimizer()->mutable_adam();
  const std::unique_ptr<Strategy> strategy = Make(config);
  const std::string before = strategy->Save();
  std::vector<DirectionOutcome> outcomes = Outcomes();
  outcomes[0].plus = 1e140;

  EXPECT_EQ(Tell(strategy.get(), outcomes).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(strategy->Save(), before);
}

TEST(OpenAiEsTest, StateOfAnotherOptimizerIsRefused) {
  v1::StrategyConfig config = PlainConfig();
  config.mutable_openai_es()->mutable_optimizer()->mutable_adam();

  EXPECT_EQ(Make(PlainConfig())->Restore(Make(config)->Save()).code(),
            absl::StatusCode::kDataLoss);
}

TEST(OpenAiEsTest, OptionsOutOfRangeAreRefusedByName) {
  const Eigen::VectorXf start = Eigen::VectorXf::Zero(3);
  const auto error = [&](auto change) {
    v1::StrategyConfig config = Config();
    change(config.mutable_openai_es());
    const absl::Status status = StrategyRegistry::Make(config, start).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_NE(error([](v1::OpenAiEs* es) { es->set_sigma(0); }).find("sigma"),
            std::string::npos);
  // Positive, but 0 in single precision.
  EXPECT_NE(error([](v1::OpenAiEs* es) { es->set_sigma(1e-60); }).find("sigma"),
            std::string::npos);
  EXPECT_NE(error([](v1::OpenAiEs* es) { es->set_sigma(NAN); }).find("sigma"),
            std::string::npos);
  EXPECT_NE(error([](v1::OpenAiEs* es) {
              es->set_num_directions(0);
            }).find("num_directions"),
            std::string::npos);
  EXPECT_NE(error([](v1::OpenAiEs* es) {
              es->set_weight_decay(-1);
            }).find("weight_decay"),
            std::string::npos);
  EXPECT_NE(error([](v1::OpenAiEs* es) {
              es->mutable_shaping()->mutable_ars()->set_top_directions(21);
            }).find("top_directions"),
            std::string::npos);
}

}  // namespace
}  // namespace starling
