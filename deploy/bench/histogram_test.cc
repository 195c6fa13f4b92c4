#include "deploy/bench/histogram.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(HistogramTest, QuantilesAreRightToTheWidthOfAClass) {
  Histogram histogram;
  for (int ms = 1; ms <= 1000; ++ms) histogram.Add(1e-3 * ms);

  for (const double q : {0.01, 0.5, 0.99, 1.0}) {
    EXPECT_GE(histogram.Quantile(q), q * (1 - 1e-9)) << q;
    EXPECT_LE(histogram.Quantile(q), 1.05 * q * (1 + 1e-9)) << q;
  }
}

TEST(HistogramTest, SumsCountEverything) {
  Histogram a, b;
  a.Add(0.001);
  b.Add(0);      // less than the first class
  b.Add(1e9);    // more than the last

  a.Add(b);

  EXPECT_EQ(a.count(), 3u);
  EXPECT_LE(a.Quantile(0.3), 1.01e-5);
  EXPECT_GT(a.Quantile(1), 100);
}

TEST(HistogramTest, NothingHasNoQuantiles) {
  EXPECT_EQ(Histogram().Quantile(0.99), 0);
}

}  // namespace
}  // namespace starling
