#include "aggregator/es/fitness_shaping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Outcomes = std::vector<DirectionOutcome>;

DirectionOutcome Pair(double plus, double minus) { return {true, plus, minus}; }

v1::FitnessShaping Ranks() {
  v1::FitnessShaping shaping;
  shaping.mutable_centered_rank();
  return shaping;
}

v1::FitnessShaping ZScore() {
  v1::FitnessShaping shaping;
  shaping.mutable_z_score();
  return shaping;
}

v1::FitnessShaping Top(int directions, v1::ArsShaping::TopBy by) {
  v1::FitnessShaping shaping;
  shaping.mutable_ars()->set_top_directions(directions);
  shaping.mutable_ars()->set_top_by(by);
  return shaping;
}

v1::FitnessShaping Raw() {
  v1::FitnessShaping shaping;
  shaping.mutable_raw();
  return shaping;
}

v1::FitnessShaping Sign() {
  v1::FitnessShaping shaping;
  shaping.mutable_difference_sign();
  return shaping;
}

Outcomes RandomOutcomes(int n) {
  Rng rng(7);
  Outcomes outcomes;
  for (int i = 0; i < n; ++i) {
    // Rounded, so that there are ties.
    const double plus = std::round(4 * rng.Normal());
    outcomes.push_back(Pair(plus, std::round(4 * rng.Normal())));
  }
  return outcomes;
}

TEST(CenteredRanksTest, EqualValuesShareTheirMeanRank) {
  EXPECT_EQ(CenteredRanks({3, 7, 3, 1}),
            (std::vector<double>{0, 0.5, 0, -0.5}));
}

TEST(CenteredRanksTest, SumIsZeroWithAndWithoutTies) {
  for (const int n : {2, 3, 10, 101}) {
    std::vector<double> values(n);
    for (int i = 0; i < n; ++i) values[i] = (i * 37) % (n / 2 + 1);
    const std::vector<double> ranks = CenteredRanks(values);

    // n sums of less than 4, each off by at most 2^-52.
    EXPECT_NEAR(std::accumulate(ranks.begin(), ranks.end(), 0.0), 0,
                n * 0x1p-52);
  }
}

TEST(ShapeFitnessTest, RanksDoNotChangeUnderMonotoneTransforms) {
  const Outcomes outcomes = RandomOutcomes(20);
  Outcomes cubed = outcomes;
  for (DirectionOutcome& pair : cubed) {
    pair.plus = std::pow(pair.plus, 3) - 1000;
    pair.minus = std::pow(pair.minus, 3) - 1000;
  }

  EXPECT_EQ(ShapeFitness(Ranks(), outcomes, 0.1).weights,
            ShapeFitness(Ranks(), cubed, 0.1).weights);
}

TEST(ShapeFitnessTest, OnePairHasTheExtremeRanks) {
  // u = +1/2 and -1/2; divided by 2 m = 2.
  EXPECT_EQ(ShapeFitness(Ranks(), {Pair(3, -8)}, 0.1).weights,
            std::vector<double>{0.5});
}

TEST(ShapeFitnessTest, RankIsTheDefault) {
  const Outcomes outcomes = RandomOutcomes(9);

  EXPECT_EQ(ShapeFitness(v1::FitnessShaping(), outcomes, 0.1).weights,
            ShapeFitness(Ranks(), outcomes, 0.1).weights);
}

TEST(ShapeFitnessTest, ZScoreDividesByDeviationAndSigma) {
  // Values 3 1 1 3: mean 2, deviation 1; 2 m sigma = 2.
  EXPECT_EQ(ShapeFitness(ZScore(), {Pair(3, 1), Pair(1, 3)}, 0.5).weights,
            (std::vector<double>{1, -1}));
}

TEST(ShapeFitnessTest, ZScoreDoesNotChangeWithScaleAndOffset) {
  const Outcomes outcomes = RandomOutcomes(15);
  Outcomes moved = outcomes;
  for (DirectionOutcome& pair : moved) {
    pair.plus = 8 * pair.plus + 64;
    pair.minus = 8 * pair.minus + 64;
  }

  // Powers of two: every operation is exact or rounds alike.
  EXPECT_EQ(ShapeFitness(ZScore(), outcomes, 0.5).weights,
            ShapeFitness(ZScore(), moved, 0.5).weights);
}

TEST(ShapeFitnessTest, RawIsTheCentralDifference) {
  // (5 - 1) / (2 * 2 * 0.25), and so on.
  EXPECT_EQ(ShapeFitness(Raw(), {Pair(5, 1), Pair(-2, 0)}, 0.25).weights,
            (std::vector<double>{4, -2}));
}

TEST(ShapeFitnessTest, SignForgetsSizes) {
  const Outcomes outcomes = {Pair(5, 1), Pair(-1e9, 0), Pair(2, 2),
                             Pair(0, -1)};

  EXPECT_EQ(ShapeFitness(Sign(), outcomes, 0.25).weights,
            (std::vector<double>{0.25, -0.25, 0, 0.25}));
}

TEST(ShapeFitnessTest, ArsKeepsExactlyTheTopAndTheLowerIndexAmongTies) {
  const Outcomes outcomes = {Pair(1, 1), Pair(5, 0), Pair(5, 1), Pair(2, 5)};

  const std::vector<double> weights =
      ShapeFitness(Top(2, v1::ArsShaping::MAX), outcomes, 0.1).weights;

  // Values 5 0 5 1: mean 2.75, variance 5.1875. Divided by b = 2; no sigma.
  const double deviation = std::sqrt(5.1875);
  EXPECT_EQ(weights[0], 0);
  EXPECT_DOUBLE_EQ(weights[1], 5 / (2 * deviation));
  EXPECT_DOUBLE_EQ(weights[2], 4 / (2 * deviation));
  EXPECT_EQ(weights[3], 0);
}

TEST(ShapeFitnessTest, ArsCanJudgeByTheSizeOfTheDifference) {
  const Outcomes outcomes = {Pair(9, 8), Pair(0, 6), Pair(4, 0), Pair(0, 6)};

  const std::vector<double> weights =
      ShapeFitness(Top(1, v1::ArsShaping::ABS_DIFFERENCE), outcomes, 0.1)
          .weights;

  // Values 0 6: deviation 3.
  EXPECT_EQ(weights, (std::vector<double>{0, -2, 0, 0}));
}

TEST(ShapeFitnessTest, ArsKeepsWhatIsLeftIfThatIsLessThanTheTop) {
  Outcomes outcomes = {Pair(9, 8), Pair(0, 6), Pair(4, 0)};
  outcomes[1].valid = false;

  EXPECT_EQ(
      ShapeFitness(Top(3, v1::ArsShaping::MAX), outcomes, 0.1).weights[2],
      ShapeFitness(Top(0, v1::ArsShaping::MAX), {outcomes[0], outcomes[2]}, 0.1)
          .weights[1]);
}

// Properties of every kind.
class EveryShapingTest : public testing::TestWithParam<v1::FitnessShaping> {};

TEST_P(EveryShapingTest, DroppedPairsAreAsIfTheyHadNeverBeen) {
  Outcomes outcomes = RandomOutcomes(12);
  outcomes[0].valid = false;
  outcomes[5].plus = kNan;
  outcomes[7].minus = -kInfinity;
  outcomes[11].plus = 1e200;
  Outcomes kept;
  for (const int i : {1, 2, 3, 4, 6, 8, 9, 10}) kept.push_back(outcomes[i]);

  const ShapedFitness with = ShapeFitness(GetParam(), outcomes, 0.3);
  const ShapedFitness without = ShapeFitness(GetParam(), kept, 0.3);

  std::vector<double> expected = without.weights;
  for (const int i : {0, 5, 7, 11}) expected.insert(expected.begin() + i, 0.0);
  EXPECT_EQ(with.weights, expected);
  EXPECT_EQ(with.valid_pairs, 8);
}

TEST_P(EveryShapingTest, ReversedHalvesReverseTheWeights) {
  const Outcomes outcomes = RandomOutcomes(12);
  Outcomes reversed = outcomes;
  for (DirectionOutcome& pair : reversed) std::swap(pair.plus, pair.minus);

  std::vector<double> weights = ShapeFitness(GetParam(), outcomes, 0.3).weights;
  for (double& weight : weights) weight = -weight;

  const std::vector<double> of_reversed =
      ShapeFitness(GetParam(), reversed, 0.3).weights;
  for (size_t i = 0; i < weights.size(); ++i) {
    // Sums over the halves run in another order.
    EXPECT_NEAR(of_reversed[i], weights[i], 1e-14 * std::abs(weights[i]));
  }
}

TEST_P(EveryShapingTest, EqualReturnsGiveNoDirectionAndSaySo) {
  for (const double value : {0.0, 0.1, -1e9}) {
    const ShapedFitness shaped =
        ShapeFitness(GetParam(), Outcomes(7, Pair(value, value)), 0.3);

    EXPECT_EQ(shaped.weights, std::vector<double>(7, 0.0));
    EXPECT_TRUE(shaped.flat);
    EXPECT_EQ(shaped.valid_pairs, 7);
  }
}

TEST_P(EveryShapingTest, WeightsPointToTheBetterHalf) {
  const Outcomes outcomes = {Pair(2, 1), Pair(-3, -1), Pair(6, 0)};

  const ShapedFitness shaped = ShapeFitness(GetParam(), outcomes, 0.3);

  EXPECT_GE(shaped.weights[0], 0);
  EXPECT_LE(shaped.weights[1], 0);
  EXPECT_GT(shaped.weights[2], 0);
  EXPECT_FALSE(shaped.flat);
}

TEST_P(EveryShapingTest, NothingValidGivesNothing) {
  const ShapedFitness shaped =
      ShapeFitness(GetParam(), Outcomes{{false, 1, 2}, {true, kNan, 0}}, 0.3);

  EXPECT_EQ(shaped.weights, (std::vector<double>{0, 0}));
  EXPECT_EQ(shaped.valid_pairs, 0);
  EXPECT_FALSE(shaped.flat);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryShapingTest,
                         testing::Values(Ranks(), ZScore(),
                                         Top(5, v1::ArsShaping::MAX),
                                         Top(5, v1::ArsShaping::ABS_DIFFERENCE),
                                         Top(0, v1::ArsShaping::MAX), Raw(),
                                         Sign()));

}  // namespace
}  // namespace starling
