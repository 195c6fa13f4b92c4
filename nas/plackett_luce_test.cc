#include "nas/plackett_luce.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

const std::vector<double> kLogits = {0.3, -1.2, 0.9, 0, 2};

// All ordered choices of k of n.
std::vector<std::vector<int32_t>> Orders(int n, int k) {
  std::vector<std::vector<int32_t>> orders = {{}};
  for (int t = 0; t < k; ++t) {
    std::vector<std::vector<int32_t>> longer;
    for (const auto& order : orders) {
      for (int i = 0; i < n; ++i) {
        if (std::count(order.begin(), order.end(), i) > 0) continue;
        longer.push_back(order);
        longer.back().push_back(i);
      }
    }
    orders = std::move(longer);
  }
  return orders;
}

TEST(PlackettLuceTest, ProbabilitiesOfAllOrdersSumToOne) {
  const PlackettLuce distribution(kLogits);
  for (int k = 1; k <= 5; ++k) {
    double sum = 0;
    for (const auto& order : Orders(5, k)) {
      sum += std::exp(distribution.LogProbability(order));
    }
    EXPECT_NEAR(sum, 1, 1e-12) << k;
  }
}

TEST(PlackettLuceTest, GradientIsThatOfFiniteDifferences) {
  for (const auto& order : Orders(5, 3)) {
    std::vector<double> gradient(5);
    PlackettLuce(kLogits).AddGradient(order, 2, gradient.data());
    for (int i = 0; i < 5; ++i) {
      constexpr double kStep = 1e-5;
      std::vector<double> up = kLogits, down = kLogits;
      up[i] += kStep;
      down[i] -= kStep;
      const double difference = PlackettLuce(up).LogProbability(order) -
                                PlackettLuce(down).LogProbability(order);
      // O(step^2) and rounding 1e-16 / step.
      EXPECT_NEAR(gradient[i], 2 * difference / (2 * kStep), 1e-9);
    }
  }
}

TEST(PlackettLuceTest, EntropyGradientIsThatOfFiniteDifferences) {
  std::vector<double> gradient(5);
  PlackettLuce(kLogits).AddEntropyGradient(3, gradient.data());
  for (int i = 0; i < 5; ++i) {
    constexpr double kStep = 1e-5;
    std::vector<double> up = kLogits, down = kLogits;
    up[i] += kStep;
    down[i] -= kStep;
    EXPECT_NEAR(
        gradient[i],
        3 * (PlackettLuce(up).Entropy() - PlackettLuce(down).Entropy()) /
            (2 * kStep),
        1e-9);
  }
  EXPECT_NEAR(PlackettLuce(std::vector<double>(8)).Entropy(), std::log(8),
              1e-12);
}

TEST(PlackettLuceTest, DrawsHaveTheProbabilitiesOfTheFormula) {
  const PlackettLuce distribution(kLogits);
  constexpr int kDraws = 200'000;
  Rng rng(1);
  std::map<std::vector<int32_t>, int> counts, firsts;

  for (int i = 0; i < kDraws; ++i) {
    ++counts[distribution.Sample(2, &rng)];
    ++firsts[{distribution.SampleOne(&rng)}];
  }

  for (const auto& order : Orders(5, 2)) {
    const double p = std::exp(distribution.LogProbability(order));
    // 4.5 standard errors.
    EXPECT_NEAR(counts[order], kDraws * p,
                4.5 * std::sqrt(kDraws * p * (1 - p)));
  }
  for (const auto& order : Orders(5, 1)) {
    const double p = std::exp(distribution.LogProbability(order));
    EXPECT_NEAR(firsts[order], kDraws * p,
                4.5 * std::sqrt(kDraws * p * (1 - p)));
  }
}

TEST(PlackettLuceTest, AllOfAllIsAPermutation) {
  const PlackettLuce distribution(kLogits);
  Rng rng(2);
  const std::vector<int32_t> order = distribution.Sample(5, &rng);
  EXPECT_EQ(std::set<int32_t>(order.begin(), order.end()).size(), 5u);
}

// With logits 20 apart, what is left after the first choices is tiny beside the
// whole: a sum that subtracts would lose it.
TEST(PlackettLuceTest, SmallRemaindersAreNotLost) {
  std::vector<double> logits(64, -10);
  std::fill(logits.begin(), logits.begin() + 32, 10);
  const PlackettLuce distribution(logits);
  std::vector<int32_t> order(48);
  std::iota(order.begin(), order.end(), 0);

  double expected = 0;
  for (int t = 0; t < 48; ++t) {
    const double left = t < 32 ? (32 - t) + 32 * std::exp(-20.0) : 64 - t;
    expected -= std::log(left);
  }
  EXPECT_NEAR(distribution.LogProbability(order), expected, 1e-9);
}

}  // namespace
}  // namespace starling
