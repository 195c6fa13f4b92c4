#include "workers/student_t.h"

#include <cmath>

#include "gtest/gtest.h"

namespace starling {
namespace {

// Probability between 0 and t by Simpson's rule over the density. After t =
// sqrt(v) tan(a) the density is proportional to cos(a)^(v-1), on [0, pi/2].
double HalfProbability(double t, int v) {
  const auto integrate = [v](double end) {
    constexpr int kIntervals = 20000;
    const double h = end / kIntervals;
    double sum = 0;
    for (int i = 0; i <= kIntervals; ++i) {
      const double weight = i == 0 || i == kIntervals ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * std::pow(std::cos(i * h), v - 1);
    }
    return sum * h / 3;
  };
  return 0.5 * integrate(std::atan(t / std::sqrt(v))) / integrate(std::acos(0));
}

TEST(StudentTTest, LeavesTwoAndAHalfPercentAbove) {
  for (const int v : {1, 2, 3, 5, 8, 11, 12, 13, 14, 20, 30, 99, 1000}) {
    // The density at the quantile is below 0.06 and the quantile's error below
    // 1e-6 of at most 13.
    EXPECT_NEAR(HalfProbability(StudentT975(v), v), 0.475, 2e-7) << v;
  }
}

TEST(StudentTTest, FallsToTheNormalQuantile) {
  for (int v = 1; v < 200; ++v) EXPECT_GT(StudentT975(v), StudentT975(v + 1));
  EXPECT_NEAR(StudentT975(2000000000), 1.959964, 1e-6);
}

}  // namespace
}  // namespace starling
