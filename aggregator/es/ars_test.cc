#include <cmath>
#include <memory>
#include <vector>

#include "aggregator/es/strategy.h"
#include "base/noise.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kParameters = 12;

v1::StrategyConfig Config(int directions, int top) {
  v1::StrategyConfig config;
  v1::Ars* ars = config.mutable_ars();
  ars->set_num_directions(directions);
  ars->set_top_directions(top);
  ars->set_step_size(0.5);
  ars->set_sigma(0.25);
  return config;
}

std::unique_ptr<Strategy> Make(const v1::StrategyConfig& config) {
  return *StrategyRegistry::Make(config,
                                 Eigen::VectorXf::Zero(kParameters).eval());
}

std::unique_ptr<Noise> MakeNoise(const Strategy& strategy) {
  return *Noise::Create(strategy.noise_config(), 3,
                        {{"weights", 0, kParameters, 1}});
}

TEST(ArsTest, MovesByThePapersFormulaOverTheTopDirections) {
  const std::unique_ptr<Strategy> strategy = Make(Config(4, 2));
  const std::unique_ptr<Noise> noise = MakeNoise(*strategy);
  // The best by their larger half: directions 1 and 3.
  const std::vector<DirectionOutcome> outcomes = {
      {true, 1, 4}, {true, 9, 3}, {true, 5, 5}, {true, 0, 8}};

  ASSERT_TRUE(strategy->Tell(*noise, 6, outcomes, 1).ok());

  // Values 9 3 0 8: mean 5, variance (16 + 4 + 25 + 9) / 4.
  const double scale = 0.5 / (2 * std::sqrt(13.5));
  Eigen::VectorXf first(kParameters), third(kParameters);
  const std::unique_ptr<NoiseStream> stream = noise->Open(6);
  stream->Fill(1, first);
  stream->Fill(3, third);
  for (int i = 0; i < kParameters; ++i) {
    const double expected = scale * (6.0 * first[i] - 8.0 * third[i]);
    EXPECT_NEAR(strategy->distribution().mean[i], expected,
                std::abs(expected) * 0x1p-24 * (1 + 1e-6));
  }
}

TEST(ArsTest, ScaleAndOffsetOfReturnsDoNotMatter) {
  const std::unique_ptr<Strategy> plain = Make(Config(3, 2));
  const std::unique_ptr<Strategy> scaled = Make(Config(3, 2));
  const std::vector<DirectionOutcome> outcomes = {
      {true, 1, 4}, {true, 9, 3}, {true, 5, 5}};
  std::vector<DirectionOutcome> moved = outcomes;
  for (DirectionOutcome& pair : moved) {
    pair.plus = 16 * pair.plus + 128;
    pair.minus = 16 * pair.minus + 128;
  }

  ASSERT_TRUE(plain->Tell(*MakeNoise(*plain), 0, outcomes, 1).ok());
  ASSERT_TRUE(scaled->Tell(*MakeNoise(*scaled), 0, moved, 1).ok());

  // Powers of two: nothing rounds differently.
  EXPECT_EQ(plain->distribution().mean, scaled->distribution().mean);
}

TEST(ArsTest, NeitherDecaysNorRemembers) {
  const std::unique_ptr<Strategy> strategy = Make(Config(2, 0));
  const std::unique_ptr<Noise> noise = MakeNoise(*strategy);
  ASSERT_TRUE(strategy->Tell(*noise, 0, {{true, 1, 2}, {true, 3, 0}}, 1).ok());
  const Eigen::VectorXf mean = strategy->distribution().mean;

  // A plateau: without gradient nothing moves.
  ASSERT_TRUE(strategy->Tell(*noise, 1, {{true, 4, 4}, {true, 4, 4}}, 1).ok());

  EXPECT_EQ(strategy->distribution().mean, mean);
  EXPECT_EQ(strategy->last_update_norm(), 0);
}

TEST(ArsTest, MoreTopDirectionsThanDirectionsAreRefused) {
  const Eigen::VectorXf start = Eigen::VectorXf::Zero(kParameters);

  const absl::Status status =
      StrategyRegistry::Make(Config(4, 5), start).status();

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("top_directions"), absl::string_view::npos);
}

}  // namespace
}  // namespace starling
