#include "deploy/bench/checkpoint_bench.h"

#include <filesystem>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(CheckpointBenchTest, TheSizeIsThatOfTheNumbersAndNothingIsLeft) {
  const std::string folder = testing::TempDir() + "/checkpoint_bench";
  std::filesystem::create_directory(folder);

  const auto row = MeasureCheckpoint(20'000, 5, folder);

  ASSERT_TRUE(row.ok()) << row.status();
  // Two floats and two doubles a parameter.
  EXPECT_NEAR(row->mib, 24.0 * 20'000 / (1 << 20), 0.01);
  EXPECT_EQ(row->parameters, 20'000);
  EXPECT_EQ(row->repetitions, 5);
  EXPECT_GT(row->save_s, 0);
  EXPECT_GE(row->save_worst_s, row->save_s);
  EXPECT_GT(row->load_s, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(CheckpointBenchTest, BadRequestsAreRefused) {
  EXPECT_EQ(MeasureCheckpoint(0, 1, ".").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MeasureCheckpoint(1, 0, ".").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MeasureCheckpoint(1, 1, "/no/such/folder").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace starling
