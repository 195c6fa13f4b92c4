#include "aggregator/metrics.h"

#include <chrono>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Series "name{labels}" -> value; fails the test where a line is none of the
// format's.
std::map<std::string, double> Parse(const std::string& page) {
  static const std::regex comment("# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+");
  static const std::regex sample(
      "([a-zA-Z_:][a-zA-Z0-9_:]*(?:\\{[^}]*\\})?) "
      "([-+]?[0-9.]+(?:e[-+]?[0-9]+)?|Nan|[+-]Inf)");
  std::map<std::string, double> series;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, comment)) continue;
    if (!std::regex_match(line, match, sample)) {
      ADD_FAILURE() << "no line of the format: " << line;
      continue;
    }
    EXPECT_TRUE(series.emplace(match[1], std::stod(match[2])).second)
        << "twice: " << line;
  }
  return series;
}

Snapshot FullSnapshot() {
  Snapshot snapshot;
  snapshot.generation = 12;
  snapshot.last.emplace();
  snapshot.last->training.episodes = 4;
  snapshot.last->training.mean = -2.5;
  snapshot.last->theta_norm = 3;
  snapshot.best_return = 7;
  snapshot.results_accepted = 40;
  snapshot.units_pending = 3;
  snapshot.workers_suspect = 1;
  snapshot.checkpoint_age_s = 5;
  return snapshot;
}

TEST(MetricsTest, ShowsTheSnapshotAndWhatWasCounted) {
  Metrics metrics;
  metrics.ObserveUnit(milliseconds(15));
  metrics.ObserveUnit(seconds(2'000));
  metrics.ObserveRpc(Metrics::Rpc::kWork, milliseconds(3),
                     absl::StatusCode::kOk);
  metrics.ObserveRpc(Metrics::Rpc::kWork, milliseconds(3),
                     absl::StatusCode::kUnauthenticated);
  metrics.AddRejection(Metrics::Rejection::kNoise);
  metrics.AddLoss(Metrics::Loss::kDisconnected);
  metrics.AddLeases(5);
  metrics.AddFailedUnit();

  auto series = Parse(metrics.Text(FullSnapshot()));

  EXPECT_EQ(series["starling_generation"], 12);
  EXPECT_EQ(series["starling_return_mean"], -2.5);
  EXPECT_EQ(series["starling_return_best"], 7);
  EXPECT_EQ(series["starling_units{state=\"pending\"}"], 3);
  EXPECT_EQ(series["starling_workers{state=\"suspect\"}"], 1);
  EXPECT_EQ(series["starling_unit_results_total{outcome=\"accepted\"}"], 40);
  EXPECT_EQ(series["starling_unit_results_total{outcome=\"failed\"}"], 1);
  EXPECT_EQ(series["starling_unit_rejections_total{reason=\"noise\"}"], 1);
  EXPECT_EQ(series["starling_worker_losses_total{cause=\"disconnected\"}"], 1);
  EXPECT_EQ(series["starling_unit_attempts_total"], 5);
  EXPECT_EQ(series["starling_unit_duration_seconds_count"], 2);
  EXPECT_EQ(series["starling_unit_duration_seconds_bucket{le=\"0.01\"}"], 0);
  EXPECT_EQ(series["starling_unit_duration_seconds_bucket{le=\"0.02\"}"], 1);
  EXPECT_EQ(series["starling_unit_duration_seconds_bucket{le=\"+Inf\"}"], 2);
  EXPECT_EQ(series["starling_rpc_duration_seconds_count{method=\"Work\"}"], 2);
  EXPECT_EQ(series["starling_rpc_errors_total{method=\"Work\",code="
                   "\"UNAUTHENTICATED\"}"],
            1);
  EXPECT_GT(series["process_resident_memory_bytes"], 1e6);
  EXPECT_GE(series["process_open_fds"], 3);
}

TEST(MetricsTest, WhatIsNotKnownIsAbsent) {
  const auto series = Parse(Metrics().Text(Snapshot()));

  EXPECT_EQ(series.count("starling_return_mean"), 0u);
  EXPECT_EQ(series.count("starling_return_best"), 0u);
  EXPECT_EQ(series.count("starling_checkpoint_last_success_timestamp_seconds"),
            0u);
}

// The table is complete, and names nothing that is not there.
TEST(MetricsTest, EveryNameIsInTheTableAndViceVersa) {
  std::set<std::string> families;
  std::istringstream page(Metrics().Text(FullSnapshot()));
  for (std::string word, line; std::getline(page, line);) {
    std::istringstream words(line);
    if (words >> word && word == "#" && words >> word && word == "TYPE") {
      words >> word;
      families.insert(word);
    }
  }
  std::set<std::string> documented;
  std::ifstream table("aggregator/METRICS.md");
  for (std::string line; std::getline(table, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    documented.insert(line.substr(3, line.find_first_of("`{", 3) - 3));
  }

  EXPECT_EQ(families, documented);
}

}  // namespace
}  // namespace starling
