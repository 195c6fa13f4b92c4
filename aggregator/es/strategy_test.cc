// What every strategy promises, whatever its method.
#include "aggregator/es/strategy.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/noise.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kParameters = 70;
constexpr uint64_t kSeed = 5;

std::unique_ptr<Strategy> Make(const std::string& name,
                               int parameters = kParameters) {
  return *StrategyRegistry::Make(*StrategyRegistry::Default(name),
                                 Eigen::VectorXf::Constant(parameters, 0.5f));
}

std::unique_ptr<Noise> MakeNoise(const Strategy& strategy) {
  const ParameterLayout layout = {{"weights", 0, 7, kParameters / 7}};
  return *Noise::Create(strategy.noise_config(), kSeed, layout);
}

// Of f(theta) = -|theta|^2, every seventh pair dropped.
std::vector<DirectionOutcome> Outcomes(const Strategy& strategy,
                                       const Noise& noise,
                                       uint64_t generation) {
  const SearchDistribution& distribution = strategy.distribution();
  const std::unique_ptr<NoiseStream> stream = noise.Open(generation);
  Eigen::VectorXf epsilon(distribution.mean.size());
  std::vector<DirectionOutcome> outcomes;
  for (int i = 0; i < strategy.num_directions(); ++i) {
    stream->Fill(i, epsilon);
    const Eigen::VectorXf offset = distribution.sigma * epsilon;
    outcomes.push_back({i % 7 != 6, -(distribution.mean + offset).squaredNorm(),
                        -(distribution.mean - offset).squaredNorm()});
  }
  return outcomes;
}

void Advance(Strategy* strategy, uint64_t generation, int threads = 1) {
  const std::unique_ptr<Noise> noise = MakeNoise(*strategy);
  const absl::Status status = strategy->Tell(
      *noise, generation, Outcomes(*strategy, *noise, generation), threads);
  ASSERT_TRUE(status.ok()) << status;
}

class EveryStrategyTest : public testing::TestWithParam<std::string> {};

TEST_P(EveryStrategyTest, StartsWhereItIsTold) {
  const std::unique_ptr<Strategy> strategy = Make(GetParam());

  EXPECT_EQ(strategy->distribution().mean,
            Eigen::VectorXf(Eigen::VectorXf::Constant(kParameters, 0.5f)));
  EXPECT_GT(strategy->distribution().sigma, 0);
  EXPECT_GE(strategy->num_directions(), 1);
}

TEST_P(EveryStrategyTest, ClimbsAQuadratic) {
  const std::unique_ptr<Strategy> strategy = Make(GetParam());
  const float start = strategy->distribution().mean.squaredNorm();

  for (int t = 0; t < 60; ++t) Advance(strategy.get(), t);

  EXPECT_LT(strategy->distribution().mean.squaredNorm(), 0.5f * start);
}

TEST_P(EveryStrategyTest, ThreadsChangeNoBit) {
  std::vector<std::string> states;
  for (const int threads : {1, 2, 5}) {
    const std::unique_ptr<Strategy> strategy = Make(GetParam());
    for (int t = 0; t < 4; ++t) Advance(strategy.get(), t, threads);
    states.push_back(strategy->Save());
  }

  EXPECT_EQ(states[1], states[0]);
  EXPECT_EQ(states[2], states[0]);
}

TEST_P(EveryStrategyTest, RestoredOneGoesOnWithTheSameBits) {
  const std::unique_ptr<Strategy> saved = Make(GetParam());
  for (int t = 0; t < 3; ++t) Advance(saved.get(), t);
  const std::unique_ptr<Strategy> restored = Make(GetParam());

  ASSERT_TRUE(restored->Restore(saved->Save()).ok());

  for (int t = 3; t < 6; ++t) {
    Advance(saved.get(), t);
    Advance(restored.get(), t);
    EXPECT_EQ(restored->distribution().mean, saved->distribution().mean);
    EXPECT_EQ(restored->Save(), saved->Save());
  }
}

TEST_P(EveryStrategyTest, NoValidPairChangesNothing) {
  const std::unique_ptr<Strategy> strategy = Make(GetParam());
  Advance(strategy.get(), 0);
  const std::string before = strategy->Save();
  const std::vector<DirectionOutcome> outcomes(
      strategy->num_directions(),
      {true, std::numeric_limits<double>::quiet_NaN(), 0});

  EXPECT_EQ(strategy->Tell(*MakeNoise(*strategy), 1, outcomes, 1).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(strategy->Save(), before);
}

TEST_P(EveryStrategyTest, FlatFitnessIsReported) {
  const std::unique_ptr<Strategy> strategy = Make(GetParam());
  const std::vector<DirectionOutcome> same(strategy->num_directions(),
                                           {true, 3.3, 3.3});

  ASSERT_TRUE(strategy->Tell(*MakeNoise(*strategy), 0, same, 1).ok());
  EXPECT_TRUE(strategy->flat_fitness());

  Advance(strategy.get(), 1);
  EXPECT_FALSE(strategy->flat_fitness());
}

TEST_P(EveryStrategyTest, UpdateNormIsTheDistanceMoved) {
  const std::unique_ptr<Strategy> strategy = Make(GetParam());
  const Eigen::VectorXd before = strategy->distribution().mean.cast<double>();

  Advance(strategy.get(), 0);

  const double distance =
      (strategy->distribution().mean.cast<double>() - before).norm();
  EXPECT_GT(distance, 0);
  EXPECT_NEAR(strategy->last_update_norm(), distance, 1e-14 * distance);
}

TEST_P(EveryStrategyTest, StateThatDoesNotFitIsRefusedAndChangesNothing) {
  const std::unique_ptr<Strategy> strategy = Make(GetParam());
  Advance(strategy.get(), 0);
  const std::string saved = strategy->Save();

  for (const std::string& bad :
       {Make(GetParam(), kParameters + 1)->Save(), std::string(),
        saved.substr(0, saved.size() / 2)}) {
    EXPECT_EQ(strategy->Restore(bad).code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(strategy->Save(), saved);
  }
}

TEST_P(EveryStrategyTest, StartThatIsNotFiniteIsRefused) {
  const v1::StrategyConfig config = *StrategyRegistry::Default(GetParam());
  Eigen::VectorXf start = Eigen::VectorXf::Zero(3);
  start[1] = std::numeric_limits<float>::infinity();
  const Eigen::VectorXf empty;

  EXPECT_EQ(StrategyRegistry::Make(config, start).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StrategyRegistry::Make(config, empty).status().code(),
            absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Registered, EveryStrategyTest,
                         testing::ValuesIn(StrategyRegistry::Names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace starling
