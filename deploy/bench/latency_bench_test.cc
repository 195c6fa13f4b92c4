#include "deploy/bench/latency_bench.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(LatencyBenchTest, FitsWhatItMeasured) {
  const auto bench = MeasureLatency(0.3);
  ASSERT_TRUE(bench.ok()) << bench.status();
  ASSERT_FALSE(bench->rows.empty());
  EXPECT_GT(bench->table.base_ns() + bench->table.per_multiply_add_ns(), 0);
  for (const LatencyRow& row : bench->rows) {
    EXPECT_GT(row.measured_ns, 0);
    EXPECT_DOUBLE_EQ(row.fitted_ns, bench->table.base_ns() +
                                        bench->table.per_multiply_add_ns() *
                                            row.multiply_adds +
                                        bench->table.per_unit_ns() * row.units);
  }
}

TEST(LatencyBenchTest, RefusesNoTime) {
  EXPECT_EQ(MeasureLatency(0).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace starling
