#include "aggregator/es/norm.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(NormTest, IsTheEuclideanLengthForEveryRemainderOfTheLanes) {
  for (int n = 0; n <= 20; ++n) {
    // 1^2 + .. + n^2 is a small integer: exact in any order.
    std::vector<double> x;
    for (int i = 1; i <= n; ++i) x.push_back(i % 2 == 0 ? i : -i);

    EXPECT_EQ(Norm(x), std::sqrt(n * (n + 1.0) * (2 * n + 1) / 6)) << n;
  }
}

TEST(NormTest, FloatsGiveTheSameLengthAsDoubles) {
  const std::vector<float> x = {0.1f, -2.5f, 3e-3f};

  EXPECT_EQ(Norm(x), Norm(std::vector<double>(x.begin(), x.end())));
}

TEST(NormTest, BitsDoNotDependOnTheAddress) {
  std::vector<double> buffer(108);
  std::vector<double> lengths;
  for (int offset = 0; offset < 8; ++offset) {
    for (int i = 0; i < 100; ++i) buffer[offset + i] = 1.0 / (i + 3);
    lengths.push_back(Norm(absl::MakeSpan(buffer).subspan(offset, 100)));
  }

  for (const double length : lengths) EXPECT_EQ(length, lengths[0]);
}

TEST(NormTest, NeitherHugeNorTinyElementsAreLost) {
  EXPECT_DOUBLE_EQ(Norm(std::vector<double>{3e300, 4e300}), 5e300);
  EXPECT_DOUBLE_EQ(Norm(std::vector<double>{3e-300, 4e-300}), 5e-300);
}

TEST(NormTest, WhatIsNotFiniteShows) {
  const double infinity = std::numeric_limits<double>::infinity();

  EXPECT_TRUE(std::isnan(Norm(std::vector<double>{1, std::nan("")})));
  EXPECT_TRUE(std::isnan(Norm(std::vector<double>{std::nan("")})));
  EXPECT_EQ(Norm(std::vector<double>{1, -infinity}), infinity);
}

}  // namespace
}  // namespace starling
