#include "deploy/bench/transport_bench.h"

#include <string>

#include "gtest/gtest.h"

namespace starling {
namespace {

TransportOptions Small(int results_per_call) {
  TransportOptions options;
  options.workers = 3;
  options.results_per_call = results_per_call;
  options.unit_s = 0.001;
  options.seconds = 0.4;
  options.turns = 1;
  // Many generations within the time.
  options.parameters = 5;
  options.num_directions = 8;
  options.folder = testing::TempDir();
  return options;
}

TEST(TransportBenchTest, NothingIsLostWhateverACallCarries) {
  for (const int results_per_call : {1, 8}) {
    const auto row = MeasureTransport(Small(results_per_call));

    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ(row->workers, 3);
    EXPECT_EQ(row->results_per_call, results_per_call);
    EXPECT_EQ(row->parameters, 5);
    EXPECT_EQ(row->units_per_generation, 16);
    EXPECT_GT(row->accepted, 16u);
    EXPECT_EQ(row->settled, row->accepted);
    EXPECT_EQ(row->lost, 0u);
    EXPECT_EQ(row->rejected, 0u);
    EXPECT_EQ(row->failed_calls, 0u);
  }
}

TEST(TransportBenchTest, FiguresAreOfThePromisedKind) {
  const auto row = MeasureTransport(Small(1));

  ASSERT_TRUE(row.ok()) << row.status();
  // Three workers with units of 1 ms do no more.
  EXPECT_GT(row->accepted_per_s, 1);
  EXPECT_LT(row->accepted_per_s, 3000);
  EXPECT_LT(row->echo_calls_per_s, 3000);
  EXPECT_DOUBLE_EQ(row->echo_calls_per_s, row->echo_results_per_s);
  EXPECT_DOUBLE_EQ(row->ratio, row->accepted_per_s / row->echo_results_per_s);
  EXPECT_GT(row->work_p50_s, 0);
  EXPECT_GE(row->work_p99_s, row->work_p50_s);
  EXPECT_GE(row->echo_p99_s, row->echo_p50_s);
  EXPECT_GT(row->cpu_us_per_result, 0);
  EXPECT_GT(row->echo_cpu_us_per_call, 0);
  EXPECT_GT(row->peak_rss_mib, 1);
  EXPECT_GT(row->unit_bytes, 10);
  EXPECT_LT(row->unit_bytes, 1024);
  EXPECT_GT(row->result_bytes, 10);
  EXPECT_LT(row->result_bytes, 1024);
}

TEST(TransportBenchTest, MeasuresOverTlsIfAsked) {
  TransportOptions options = Small(1);
  options.tls = true;

  const auto row = MeasureTransport(options);

  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_GT(row->tls_accepted_per_s, 1);
  EXPECT_DOUBLE_EQ(row->tls_ratio,
                   row->tls_accepted_per_s / row->accepted_per_s);
  EXPECT_EQ(row->settled, row->accepted) << "of both";
  EXPECT_EQ(row->lost, 0u);
  EXPECT_EQ(MeasureTransport(Small(1))->tls_ratio, 0);
}

TEST(TransportBenchTest, BadRequestsAreRefused) {
  TransportOptions options = Small(65);
  EXPECT_EQ(MeasureTransport(options).status().code(),
            absl::StatusCode::kInvalidArgument);
  options = Small(1);
  options.workers = 0;
  EXPECT_EQ(MeasureTransport(options).status().code(),
            absl::StatusCode::kInvalidArgument);
  options = Small(1);
  options.folder = "/no/such/folder";
  EXPECT_EQ(MeasureTransport(options).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace starling
