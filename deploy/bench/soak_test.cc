#include "deploy/bench/soak.h"

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(SoakTest, TheSlopeOfALineIsItsSlope) {
  EXPECT_DOUBLE_EQ(LeastSquaresSlope({1, 2, 4}, {5, 3, -1}), -2);
  // Symmetric noise does not move it.
  EXPECT_NEAR(LeastSquaresSlope({0, 1, 2, 3}, {1, 0, 0, 1}), 0, 1e-12);
  EXPECT_TRUE(std::isnan(LeastSquaresSlope({1}, {1})));
}

TEST(SoakTest, TrendsBeginAfterTheWarmUp) {
  std::vector<SoakSample> samples;
  for (int i = 0; i <= 20; ++i) {
    SoakSample& sample = samples.emplace_back();
    sample.time_s = 60 * i;
    const bool warm = i >= 10;
    // 3 MiB per 10 minutes; much more before.
    sample.aggregator = {.rss_mib = warm ? 100 + 0.3 * i : 10.0 * i,
                         .files = warm ? 12 + i % 2 : 40,
                         .threads = warm ? 9 : 3};
  }

  const ProcessTrend trend =
      TrendOf(samples, /*warm_up_s=*/600, &SoakSample::aggregator);

  EXPECT_NEAR(trend.rss_slope_mib_per_10_min, 3, 1e-9);
  EXPECT_DOUBLE_EQ(trend.rss_mib, 106);
  EXPECT_EQ(trend.files_min, 12);
  EXPECT_EQ(trend.files_max, 13);
  EXPECT_EQ(trend.threads_min, 9);
  EXPECT_EQ(trend.threads_max, 9);
}

SoakOptions Short() {
  SoakOptions options;
  options.program = "deploy/cli/starling";
  options.seconds = 8;
  options.workers = 3;
  options.churn_s = 1;
  options.sample_s = 1;
  options.folder = testing::TempDir();
  return options;
}

TEST(SoakTest, ARunIsWatchedWhileItsWorkersAreKilled) {
  SoakOptions options = Short();
  options.csv = testing::TempDir() + "/samples.csv";
  int seen = 0;

  const auto report = Soak(options, [&](const SoakSample&) { ++seen; });

  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GE(report->kills, 3);
  EXPECT_GE(report->samples, 3);
  EXPECT_EQ(report->samples, seen);
  EXPECT_GT(report->units, 0u);
  EXPECT_EQ(report->units % 4096, 0u);  // of closed generations
  EXPECT_EQ(report->failed_checkpoints, 0);
  for (const ProcessTrend& trend : {report->aggregator, report->worker}) {
    EXPECT_GT(trend.rss_mib, 1);
    EXPECT_GT(trend.files_min, 3);
    EXPECT_GT(trend.threads_min, 1);
  }
  std::ifstream csv(options.csv);
  int lines = 0;
  for (std::string line; std::getline(csv, line);) ++lines;
  EXPECT_EQ(lines, 1 + seen);
}

TEST(SoakTest, AProgramThatEndsIsReportedWithItsWords) {
  SoakOptions options = Short();
  options.program = "/bin/ls";

  const auto report = Soak(options, [](const SoakSample&) {});

  EXPECT_EQ(report.status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(report.status().message().find("ended by itself"),
            std::string::npos)
      << report.status();
}

TEST(SoakTest, BadRequestsAreRefused) {
  SoakOptions options = Short();
  options.workers = 1;
  EXPECT_EQ(Soak(options, [](const SoakSample&) {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  options = Short();
  options.program = "/no/such/program";
  EXPECT_EQ(Soak(options, [](const SoakSample&) {}).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace starling
