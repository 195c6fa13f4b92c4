#include "base/math_double.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "gtest/gtest.h"

namespace starling {
namespace {

// Deterministic points that cover all magnitudes up to the limit.
template <typename Visitor>
void ForEachPoint(Visitor visit) {
  uint64_t state = 1;
  for (int i = 0; i < 60000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const double unit = static_cast<double>(state >> 11) * 0x1p-53;
    const int exponent = i % 60 - 40;
    visit(std::ldexp(2 * unit - 1, exponent));
  }
  // Near multiples of pi/2, where reduction cancels most.
  for (int n = -333000; n <= 333000; n += 61) {
    const double x = n * (kPi / 2);
    visit(x);
    visit(std::nextafter(x, 1e9));
  }
}

double ErrorInLastPlaces(double got, long double exact) {
  const double rounded = static_cast<double>(exact);
  const double spacing =
      std::nextafter(std::fabs(rounded), 1e300) - std::fabs(rounded);
  return static_cast<double>(std::fabs(got - exact)) / spacing;
}

TEST(MathDoubleTest, ErrorIsBelowOneUnitInTheLastPlace) {
  double worst_sin = 0;
  double worst_cos = 0;
  ForEachPoint([&](double x) {
    // 64-bit significands: 11 bits more than the answer has.
    worst_sin =
        std::max(worst_sin,
                 ErrorInLastPlaces(Sin(x), sinl(static_cast<long double>(x))));
    worst_cos =
        std::max(worst_cos,
                 ErrorInLastPlaces(Cos(x), cosl(static_cast<long double>(x))));
  });

  EXPECT_LT(worst_sin, 1);
  EXPECT_LT(worst_cos, 1);
  EXPECT_GT(worst_sin, 0.4);  // the measure can see an error at all
}

TEST(MathDoubleTest, SpecialValues) {
  EXPECT_EQ(Sin(0.0), 0.0);
  EXPECT_TRUE(std::signbit(Sin(-0.0)));
  EXPECT_EQ(Cos(0.0), 1.0);
  EXPECT_EQ(Sin(5e-324), 5e-324);
  EXPECT_TRUE(std::isnan(Sin(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(Cos(std::numeric_limits<double>::infinity())));
  EXPECT_TRUE(std::isnan(Sin(524289.0)));
  EXPECT_FALSE(std::isnan(Sin(524288.0)));
}

TEST(MathDoubleTest, AnglesAreThoseOfThePlane) {
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double angle = -3.2 + 6.4 * i / 200000;
    for (const double length : {1e-3, 1.0, 345.6}) {
      const double y = length * std::sin(angle), x = length * std::cos(angle);
      const double expected = std::atan2(y, x);
      worst = std::fmax(worst, std::fabs(Atan2(y, x) - expected) /
                                   std::fmax(std::fabs(expected), 1e-3));
    }
  }
  EXPECT_LT(worst, 4.5e-16);
  EXPECT_EQ(Atan2(0, 0), 0);
  EXPECT_EQ(Atan2(0, 2), 0);
  EXPECT_EQ(Atan2(0, -2), kPi);
  EXPECT_EQ(Atan2(3, 0), kPi / 2);
  EXPECT_EQ(Atan2(-3, 0), -kPi / 2);
  EXPECT_TRUE(std::isnan(Atan2(std::numeric_limits<double>::quiet_NaN(), 1)));
  EXPECT_TRUE(std::isnan(Atan2(std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::infinity())));
}

TEST(MathDoubleTest, BitsNeverMove) {
  uint64_t digest = 0;
  ForEachPoint([&](double x) {
    for (const double y : {Sin(x), Cos(x)}) {
      uint64_t bits;
      std::memcpy(&bits, &y, sizeof(bits));
      digest = (digest ^ bits) * 0x9e3779b97f4a7c15u;
      digest ^= digest >> 29;
    }
  });

  EXPECT_EQ(digest, 8408977367060659132u);
}

}  // namespace
}  // namespace starling
