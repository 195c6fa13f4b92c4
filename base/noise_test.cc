#include "base/noise.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "gtest/gtest.h"

namespace {
std::atomic<int64_t> allocated_bytes = 0;
std::atomic<int64_t> allocations = 0;
}  // namespace

// Not inlined: the compiler would see malloc's block given to delete.
[[gnu::noinline]] void* operator new(size_t size) {
  allocated_bytes += size;
  ++allocations;
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept {
  std::free(block);
}

namespace starling {
namespace {

std::unique_ptr<Noise> Gaussian(uint64_t seed, int size) {
  v1::NoiseConfig config;
  config.mutable_gaussian();
  return *Noise::Create(config, seed, {{"theta", 0, size, 1}});
}

std::vector<double> SomeWeights(int n) {
  std::vector<double> weights(n);
  for (int i = 0; i < n; ++i) weights[i] = std::sin(i + 1.0);
  return weights;
}

// The contract of the header: leaves of 16 directions, joined pairwise.
Eigen::VectorXd PlainTree(NoiseStream& stream,
                          const std::vector<double>& weights, int first_leaf,
                          int leaves, int size) {
  if (leaves == 1) {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(size);
    Eigen::VectorXf epsilon(size);
    for (int i = first_leaf * 16;
         i < std::min<int>(first_leaf * 16 + 16, weights.size()); ++i) {
      stream.Fill(i, epsilon);
      for (int k = 0; k < size; ++k) sum[k] += weights[i] * epsilon[k];
    }
    return sum;
  }
  int left = 1;
  while (2 * left < leaves) left *= 2;
  return PlainTree(stream, weights, first_leaf, left, size) +
         PlainTree(stream, weights, first_leaf + left, leaves - left, size);
}

bool SameBits(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

TEST(NoiseTest, AnUnsetKindIsGaussian) {
  const auto noise = Noise::Create({}, 7, {{"theta", 0, 5, 2}});
  ASSERT_TRUE(noise.ok());
  Eigen::VectorXf unset(10), gaussian(10);

  (*noise)->Open(3)->Fill(4, unset);
  Gaussian(7, 10)->Open(3)->Fill(4, gaussian);

  EXPECT_EQ(unset, gaussian);
}

TEST(NoiseTest, RefusesLayoutsWithGapsOrWithoutParameters) {
  EXPECT_EQ(Noise::Create({}, 7, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  const auto gap = Noise::Create({}, 7, {{"a", 0, 2, 2}, {"b", 5, 1, 1}});
  EXPECT_EQ(gap.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(gap.status().message().find("b"), absl::string_view::npos);
  EXPECT_FALSE(Noise::Create({}, 7, {{"a", 0, 1 << 16, 1 << 16}}).ok());
}

TEST(NoiseTest, DirectionsDependOnSeedGenerationAndNumberOnly) {
  const auto noise = Gaussian(7, 33);
  Eigen::VectorXf first(33), again(33);
  const auto stream = noise->Open(2);
  stream->Fill(5, first);
  stream->Fill(0, again);
  stream->Fill(5, again);
  EXPECT_EQ(first, again);

  noise->Open(3)->Fill(5, again);
  EXPECT_NE(first, again);
  Gaussian(8, 33)->Open(2)->Fill(5, again);
  EXPECT_NE(first, again);
}

TEST(NoiseTest, FillDoesNotAllocate) {
  const auto stream = Gaussian(7, 1000)->Open(0);
  Eigen::VectorXf epsilon(1000);
  const int64_t before = allocations;

  stream->Fill(1, epsilon);

  EXPECT_EQ(allocations, before);
}

TEST(WeightedSumTest, FollowsTheStatedTreeBitForBit) {
  for (int n : {1, 2, 15, 16, 17, 32, 33, 48, 64, 65, 100, 161, 300}) {
    for (int size : {1, 7, 70}) {
      const auto noise = Gaussian(n, size);
      const std::vector<double> weights = SomeWeights(n);
      Eigen::VectorXd sum(size);
      noise->WeightedSum(9, weights, 1, sum);

      EXPECT_TRUE(SameBits(
          sum, PlainTree(*noise->Open(9), weights, 0, (n + 15) / 16, size)))
          << n << " " << size;
    }
  }
}

TEST(WeightedSumTest, ThreadsChangeNoBit) {
  for (int size : {1, 63, 64, 65, 1000, 5000}) {
    const auto noise = Gaussian(3, size);
    const std::vector<double> weights = SomeWeights(50);
    Eigen::VectorXd one(size);
    noise->WeightedSum(1, weights, 1, one);
    for (int threads = 2; threads <= 8; ++threads) {
      Eigen::VectorXd many(size);
      noise->WeightedSum(1, weights, threads, many);

      EXPECT_TRUE(SameBits(one, many)) << size << " " << threads;
    }
  }
}

TEST(WeightedSumTest, ZeroWeightsAreSkippedWithoutChangingTheTree) {
  constexpr int kSize = 40;
  const auto noise = Gaussian(3, kSize);
  std::vector<double> weights = SomeWeights(200);
  // Some in a leaf, a whole leaf, a whole subtree, the last leaves.
  for (int i : {3, 5, 60}) weights[i] = 0;
  for (int i = 16; i < 32; ++i) weights[i] = -0.0;
  for (int i = 64; i < 128; ++i) weights[i] = 0;
  for (int i = 176; i < 200; ++i) weights[i] = 0;
  Eigen::VectorXd sum(kSize);

  noise->WeightedSum(1, weights, 2, sum);

  EXPECT_TRUE(SameBits(sum, PlainTree(*noise->Open(1), weights, 0, 13, kSize)));
}

TEST(WeightedSumTest, NoWeightsOrOnlyZerosGiveZero) {
  const auto noise = Gaussian(3, 5);
  Eigen::VectorXd sum = Eigen::VectorXd::Ones(5);
  noise->WeightedSum(1, {}, 2, sum);
  EXPECT_EQ(sum, Eigen::VectorXd::Zero(5));
  sum.setOnes();
  noise->WeightedSum(1, std::vector<double>(70), 2, sum);
  EXPECT_EQ(sum, Eigen::VectorXd::Zero(5));
}

TEST(WeightedSumTest, AMillionParametersNeedLittleMemory) {
  constexpr int kSize = 1000000;
  const auto noise = Gaussian(3, kSize);
  Eigen::VectorXd sum(kSize);
  const int64_t before = allocated_bytes;

  noise->WeightedSum(1, SomeWeights(4), 2, sum);

  // One direction alone would be 4 MB.
  EXPECT_LT(allocated_bytes - before, 1000000);
  EXPECT_NE(sum[kSize - 1], 0);
}

// E[epsilon epsilon^T] = I: mean of products within 4.5 standard errors.
TEST(NoiseTest, CovarianceIsTheIdentity) {
  constexpr int kSize = 6, kDraws = 40000;
  const auto stream = Gaussian(21, kSize)->Open(0);
  Eigen::VectorXf epsilon(kSize);
  double covariance[kSize][kSize] = {};
  for (int i = 0; i < kDraws; ++i) {
    stream->Fill(i, epsilon);
    for (int a = 0; a < kSize; ++a) {
      for (int b = 0; b < kSize; ++b) {
        covariance[a][b] += double{epsilon[a]} * epsilon[b] / kDraws;
      }
    }
  }
  for (int a = 0; a < kSize; ++a) {
    for (int b = 0; b < kSize; ++b) {
      const double deviation = a == b ? std::sqrt(2.0) : 1.0;
      EXPECT_NEAR(covariance[a][b], a == b, 4.5 * deviation / std::sqrt(kDraws))
          << a << " " << b;
    }
  }
}

// For linear fitness a.x the estimate (1/n) sum (a.epsilon_i) epsilon_i has
// mean a and mean square error |a|^2 (d + 1) / n.
TEST(NoiseTest, GradientOfALinearFitnessIsUnbiasedWithTheKnownError) {
  constexpr int kSize = 40, kDirections = 10, kRepeats = 3000;
  const auto noise = Gaussian(22, kSize);
  Eigen::VectorXd a(kSize);
  for (int k = 0; k < kSize; ++k) a[k] = std::cos(k);
  a /= a.norm();
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(kSize), estimate(kSize);
  double square_error = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const auto stream = noise->Open(repeat);
    Eigen::VectorXf epsilon(kSize);
    std::vector<double> weights(kDirections);
    for (int i = 0; i < kDirections; ++i) {
      stream->Fill(i, epsilon);
      for (int k = 0; k < kSize; ++k) {
        weights[i] += a[k] * epsilon[k] / kDirections;
      }
    }
    noise->WeightedSum(repeat, weights, 1, estimate);
    mean += estimate / kRepeats;
    square_error += (estimate - a).squaredNorm() / kRepeats;
  }
  const double expected = (kSize + 1.0) / kDirections;
  EXPECT_NEAR(square_error, expected, 0.05 * expected);
  // The mean's own error is expected / kRepeats in the square; 1.5 is more than
  // 4 standard deviations of a chi-square with 40 degrees of freedom / 40.
  EXPECT_LT((mean - a).squaredNorm(), 2.0 * expected / kRepeats);
}

TEST(NoiseCheckTest, SeesASingleBit) {
  Eigen::VectorXf epsilon = Eigen::VectorXf::LinSpaced(9, -1, 1);
  const uint64_t check = NoiseCheck(epsilon);
  EXPECT_EQ(NoiseCheck(epsilon), check);

  epsilon[8] = std::nextafter(epsilon[8], 2.0f);

  EXPECT_NE(NoiseCheck(epsilon), check);
}

// SHA-256 of eight zero bytes begins af5570f5a1810b7a.
TEST(NoiseCheckTest, IsTheBeginningOfTheDigest) {
  EXPECT_EQ(NoiseCheck(Eigen::VectorXf::Zero(2)), 0x7a0b81a1f57055afu);
}

}  // namespace
}  // namespace starling
