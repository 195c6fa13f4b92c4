#include "policies/attention/kernel_error.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/math_double.h"
#include "base/text_proto.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

v1::FeatureConfig Parse(const std::string& text) {
  v1::FeatureConfig config;
  EXPECT_TRUE(ParseTextProto(text, "features", &config).ok());
  return config;
}

// By angle in degrees, both of length 1, 128 normal rows each.
TEST(KernelErrorTest, IsWhatTheFormulasGive) {
  const struct {
    const char* features;
    double at[9];
    double worst, mean;
  } kTable[] = {
      {"trigonometric { m: 128 }",
       {0, .0043, .0168, .0651, .1469, .2662, .3942, .4376, .4534},
       .4534,
       .1860},
      {"positive { m: 128 }",
       {.6471, .6250, .5643, .3861, .2234, .1159, .0490, .0235, 0},
       .6471,
       .2777},
      {"hyperbolic { m: 128 }",
       {.4534, .4376, .3942, .2662, .1469, .0651, .0168, .0043, 0},
       .4534,
       .1860},
      {"angular_hybrid { m: 112 n: 16 }",
       {0, .0508, .0819, .1111, .1145, .1111, .0819, .0508, 0},
       .1145,
       .0874},
  };
  const int kDegrees[] = {0, 15, 30, 60, 90, 120, 150, 165, 180};
  for (const auto& row : kTable) {
    SCOPED_TRACE(row.features);
    const v1::FeatureConfig features = Parse(row.features);
    for (int i = 0; i < 9; ++i) {
      EXPECT_NEAR(*RelativeError(features, 1, 1, kPi * kDegrees[i] / 180),
                  row.at[i], 5.1e-5)
          << kDegrees[i];
    }
    EXPECT_NEAR(*WorstRelativeError(features, 1), row.worst, 5.1e-5);
    double sum = 0;
    constexpr int kAngles = 20000;
    for (int i = 0; i < kAngles; ++i) {
      sum += *RelativeError(features, 1, 1, kPi * (i + 0.5) / kAngles);
    }
    EXPECT_NEAR(sum / kAngles, row.mean, 5.1e-5);
  }
}

// The worst case of a mixture is better than that of what it mixes.
TEST(KernelErrorTest, TheHybridBeatsItsPartsAtTheirWorst) {
  for (const double norm : {0.5, 1.0, 1.5, 2.0, 3.0}) {
    for (const char* const n : {"1", "4", "16"}) {
      const double parts =
          *WorstRelativeError(Parse("hyperbolic { m: 64 }"), norm);
      EXPECT_LT(*WorstRelativeError(
                    Parse(std::string("angular_hybrid { m: 64 n: ") + n + " }"),
                    norm),
                parts)
          << norm << " " << n;
    }
  }
}

TEST(KernelErrorTest, LengthsMayDiffer) {
  // Squared, from the formula by hand.
  EXPECT_NEAR(std::pow(*RelativeError(Parse("angular_hybrid { m: 16 n: 8 }"),
                                      1.3, 0.7, 1.2),
                       2),
              .1026, 1e-4);
  EXPECT_FALSE(RelativeError(Parse("generalized {}"), 1, 1, 1).ok());
}

TEST(KernelErrorTest, WarnsOfWhatIsOfNoUse) {
  const v1::FeatureConfig features = Parse("positive { m: 128 }");
  EXPECT_EQ(WarningOfError(features, 1), "");
  const std::string warning = WarningOfError(features, 1.5);
  // The mean of the table for 1.5.
  for (const char* const part :
       {"features.positive", "length 1.5", "2.27 times",
        "angular_hybrid { m: 112 n: 16 }: 0.644 times"}) {
    EXPECT_NE(warning.find(part), std::string::npos) << warning;
  }
  EXPECT_EQ(WarningOfError(Parse("generalized {}"), 10), "");
}

}  // namespace
}  // namespace starling
