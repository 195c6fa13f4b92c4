#include "deploy/bench/features_bench.h"

#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(FeaturesBenchTest, MeasuresWhatTheFormulasSay) {
  FeaturesBenchOptions options;
  options.draws = 1500;
  options.norm = 0.7;
  options.projections = 32;
  const auto bench = MeasureFeatures(options);
  ASSERT_TRUE(bench.ok()) << bench.status();
  ASSERT_EQ(bench->rows.size(), 5u);
  for (const FeaturesRow& row : bench->rows) {
    SCOPED_TRACE(row.kind);
    for (size_t i = 0; i < bench->degrees.size(); ++i) {
      // A deviation of 1500 draws, whose tails are heavy where it is large.
      EXPECT_NEAR(row.independent[i], row.expected[i],
                  0.15 * row.expected[i] + 1e-9)
          << bench->degrees[i];
    }
    EXPECT_LT(row.mean, row.worst);
  }
  const std::string script =
      FeaturesPicture(*bench, options, "set terminal svg");
  for (const FeaturesRow& row : bench->rows) {
    EXPECT_TRUE(absl::StrContains(script, row.kind));
  }
}

TEST(FeaturesBenchTest, RefusesWhatMakesNoSense) {
  FeaturesBenchOptions options;
  options.norm = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(MeasureFeatures(options).status()));
}

}  // namespace
}  // namespace starling
