#include "aggregator/es/active_noise.h"

#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kParameters = 5;
constexpr uint64_t kGeneration = 3;

Eigen::VectorXd Sum(const Noise& noise, const std::vector<double>& weights) {
  Eigen::VectorXd sum = Eigen::VectorXd::Constant(kParameters, 77);
  noise.WeightedSum(kGeneration, weights, /*threads=*/2, sum);
  return sum;
}

TEST(ActiveNoiseTest, APairCountsOnlyWhereItHasParameters) {
  const auto noise = *Noise::Create({}, 1, {{"weights", 0, 1, kParameters}});
  const ActiveNoise active(*noise, {{0, 3}, {}, {3, 4}});
  const std::vector<double> weights = {0.5, 2, -1};
  Eigen::VectorXf first(kParameters), third(kParameters);
  const auto stream = active.Open(kGeneration);
  stream->Fill(0, first);
  stream->Fill(2, third);

  const Eigen::VectorXd sum = Sum(active, weights);

  EXPECT_EQ(sum[0], 0.5 * first[0]);
  EXPECT_EQ(sum[1], 0);
  EXPECT_EQ(sum[2], 0);
  EXPECT_EQ(sum[3], 0.5 * first[3] - third[3]);
  EXPECT_EQ(sum[4], -1.0 * third[4]);
}

TEST(ActiveNoiseTest, WhereAllAreUsedItIsTheWholeSum) {
  const auto noise = *Noise::Create({}, 1, {{"weights", 0, 1, kParameters}});
  const std::vector<int> all = {0, 1, 2, 3, 4};
  const std::vector<double> weights = {0.5, 0, -1, 3};

  const Eigen::VectorXd sum =
      Sum(ActiveNoise(*noise, {all, all, all, all}), weights);

  EXPECT_LT((sum - Sum(*noise, weights)).norm(), 1e-12);
}

}  // namespace
}  // namespace starling
