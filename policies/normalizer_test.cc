#include "policies/normalizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/moments.h"
#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Moments of `count` vectors whose coordinate i is N(10 i, (1 + i)^2).
Moments SomeMoments(int size, int count) {
  Moments moments(size);
  Rng rng(7);
  Eigen::VectorXf x(size);
  for (int k = 0; k < count; ++k) {
    for (int i = 0; i < size; ++i) {
      x[i] = static_cast<float>(10.0 * i + (1.0 + i) * rng.Normal());
    }
    moments.Add(x);
  }
  return moments;
}

Eigen::VectorXf Apply(const Normalizer& normalizer, const Eigen::VectorXf& x) {
  Eigen::VectorXf y(x.size());
  normalizer.Apply(x, y);
  return y;
}

TEST(NormalizerTest, WhitensLikeADoublePrecisionOracle) {
  for (const int size : {1, 7, 8, 9, 17, 376}) {
    const Moments moments = SomeMoments(size, 200);
    const Normalizer normalizer(v1::NormalizerConfig(), moments);
    const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(size, -3, 10 * size);

    const Eigen::VectorXf y = Apply(normalizer, x);

    ASSERT_FALSE(normalizer.is_identity());
    for (int i = 0; i < size; ++i) {
      const double mean = moments.mean(i);
      const double deviation = std::sqrt(moments.variance(i));
      const double exact = std::clamp((x[i] - mean) / deviation, -10.0, 10.0);
      // Three roundings of the result and one of the mean, each 2^-24.
      const double bound =
          0x1p-24 * (4 * std::abs(exact) + std::abs(mean) / deviation) + 1e-12;
      EXPECT_NEAR(y[i], exact, bound) << "size " << size << ", i " << i;
    }
  }
}

TEST(NormalizerTest, NormalisedDataHaveMeanZeroAndVarianceOne) {
  const Moments moments = SomeMoments(3, 500);
  v1::NormalizerConfig config;
  config.set_clip(0);
  const Normalizer normalizer(config, moments);
  Moments whitened(3);
  Rng rng(7);  // the same vectors again
  Eigen::VectorXf x(3);
  for (int k = 0; k < 500; ++k) {
    for (int i = 0; i < 3; ++i) {
      x[i] = static_cast<float>(10.0 * i + (1.0 + i) * rng.Normal());
    }
    whitened.Add(Apply(normalizer, x));
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(whitened.mean(i), 0, 1e-5);
    EXPECT_NEAR(whitened.variance(i), 1, 1e-5);
  }
}

TEST(NormalizerTest, ConstantCoordinatesBecomeZeroAndSmallOnesStaySmall) {
  Moments moments(2);
  for (int k = 0; k < 100; ++k) {
    // The second varies by +-0.001: variance 1e-6, below the floor of 1e-4.
    moments.Add(Eigen::Vector2f(5, k % 2 == 0 ? 0.001f : -0.001f));
  }
  const Normalizer normalizer(v1::NormalizerConfig(), moments);

  EXPECT_EQ(Apply(normalizer, Eigen::Vector2f(5, 0))[0], 0);
  EXPECT_EQ(Apply(normalizer, Eigen::Vector2f(999, 0))[0], 0);
  EXPECT_NEAR(Apply(normalizer, Eigen::Vector2f(5, 0.001f))[1], 0.1, 1e-6);
}

TEST(NormalizerTest, IsTheIdentityUntilTwoObservationsWereSeen) {
  const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(5, -100, 100);
  for (const int count : {0, 1}) {
    const Normalizer normalizer(v1::NormalizerConfig(), SomeMoments(5, count));
    EXPECT_TRUE(normalizer.is_identity());
    EXPECT_EQ(Apply(normalizer, x), x);
  }
  EXPECT_NE(Apply(Normalizer(v1::NormalizerConfig(), SomeMoments(5, 2)), x), x);
}

TEST(NormalizerTest, IsTheIdentityWhenDisabled) {
  v1::NormalizerConfig config;
  config.set_enabled(false);
  const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(9, -1e6, 1e6);

  EXPECT_EQ(Apply(Normalizer(config, SomeMoments(9, 50)), x), x);
  EXPECT_EQ(Apply(Normalizer(9), x), x);
}

TEST(NormalizerTest, CutsAtClipUnlessClipIsZero) {
  v1::NormalizerConfig config;
  config.set_clip(2);
  const Moments moments = SomeMoments(9, 50);
  const Eigen::VectorXf far = Eigen::VectorXf::Constant(9, 1e5);

  EXPECT_EQ(Apply(Normalizer(config, moments), far),
            Eigen::VectorXf::Constant(9, 2));
  EXPECT_EQ(Apply(Normalizer(config, moments), -far),
            Eigen::VectorXf::Constant(9, -2));
  config.set_clip(0);
  EXPECT_GT(Apply(Normalizer(config, moments), far).minCoeff(), 1000);
}

TEST(NormalizerTest, NanStaysInItsCoordinate) {
  const Normalizer normalizer(v1::NormalizerConfig(), SomeMoments(11, 50));
  for (int bad = 0; bad < 11; ++bad) {
    Eigen::VectorXf x = Eigen::VectorXf::Ones(11);
    x[bad] = kNan;
    const Eigen::VectorXf y = Apply(normalizer, x);
    for (int i = 0; i < 11; ++i) EXPECT_EQ(std::isnan(y[i]), i == bad);
  }
}

TEST(NormalizerTest, BitsDependNeitherOnAddressesNorOnAliasing) {
  const int n = 29;
  const Normalizer normalizer(v1::NormalizerConfig(), SomeMoments(n, 50));
  const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(n, -3, 280);
  const Eigen::VectorXf expected = Apply(normalizer, x);
  std::vector<float> memory(n + 16);
  for (int shift = 0; shift < 16; ++shift) {
    Eigen::Map<Eigen::VectorXf> y(memory.data() + shift, n);
    y = x;
    normalizer.Apply(y, y);
    EXPECT_EQ(y, expected) << "shift " << shift;
  }
}

}  // namespace
}  // namespace starling
