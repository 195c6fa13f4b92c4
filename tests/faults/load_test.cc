// Rows of the fault matrix: many workers and a long time. The full forms are
// `starling bench transport` and `starling bench soak`, whose figures stand in
// tests/benchmarks/README.md; here they run for seconds, and nothing may be
// lost.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "tests/faults/matrix.h"
#include "tests/integration/cluster_fixture.h"

namespace starling {
namespace {

using testing::IsFullForm;
using testing::ProcessResult;
using testing::Row;
using testing::RunProcess;

class LoadTest : public ClusterFixture {
 protected:
  LoadTest() : ClusterFixture("") {}
};

TEST_F(LoadTest, Row25_AThousandWorkers) {
  // Half of the time is the bare echo server's.
  const char* const seconds = IsFullForm() ? "600" : "4";
  Row row(25, absl::StrCat("1000 simulated workers, 10 ms units, ", seconds,
                           " s with the echo server's share"),
          "0 lost; p99 of Work <= 1 s; RSS <= 200 MiB + 24 B a parameter");
  const ProcessResult result = RunProcess(
      {Starling(), "bench", "transport", "--workers", "1000", "--seconds",
       seconds, "--dir", Path(""), "--json"},
      "", std::chrono::seconds(900));
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string& json = result.out;
  EXPECT_EQ(Number(json, "lost"), 0) << json;
  EXPECT_GT(Number(json, "accepted"), 1000) << json;
  EXPECT_LE(Number(json, "peak_rss_mib"), 201) << json;
  row.Saw(absl::StrFormat(
      "%.0f results/s (%.2f of the echo's), p99 %.0f ms, RSS %.0f MiB, 0 lost",
      Number(json, "accepted_per_s"), Number(json, "ratio"),
      1000 * Number(json, "work_p99_s"), Number(json, "peak_rss_mib")));
}

TEST_F(LoadTest, Row26_Soak) {
  const char* const minutes = IsFullForm() ? "20" : "0.15";
  Row row(26, absl::StrCat("soak of ", minutes,
                           " min, a worker killed and replaced each 5 s"),
          "RSS slope < 1 MiB in 10 min; files, threads constant; 0 failed "
          "checkpoints");
  const ProcessResult result = RunProcess(
      {Starling(), "bench", "soak", "--minutes", minutes, "--sample_s", "1",
       "--churn_s", IsFullForm() ? "5" : "2", "--dir", Path(""), "--json"},
      "", std::chrono::seconds(1800));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Number(result.out, "failed_checkpoints"), 0) << result.out;
  EXPECT_GT(Number(result.out, "kills"), 1) << result.out;
  // That of the aggregator comes first.
  const double slope = Number(result.out, "rss_slope_mib_per_10_min");
  if (IsFullForm()) {
    EXPECT_LT(slope, 1) << result.out;
  }
  row.Saw(absl::StrFormat(
      "%.0f units, %.0f kills%s", Number(result.out, "units"),
      Number(result.out, "kills"),
      IsFullForm() ? absl::StrFormat(", RSS slope %.2f MiB", slope) : ""));
}

}  // namespace
}  // namespace starling
