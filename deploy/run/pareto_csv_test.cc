#include "deploy/run/pareto_csv.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(ParetoCsvTest, TheArchitectureCanBePastedIntoAnExperiment) {
  v1::FrontEntry entry;
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  entry.mutable_architecture()->set_space(uint64_t{1} << 63);
  entry.mutable_architecture()->set_encoding(bytes);
  entry.set_cost(62);
  entry.set_mean(100);
  entry.set_std(3);
  entry.set_episodes(10);

  const std::string csv = ParetoCsv(50, std::vector<v1::FrontEntry>{entry});

  const std::vector<std::string> lines = absl::StrSplit(csv, '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0],
            "generation,cost,mean,ci95_low,ci95_high,episodes,space,"
            "architecture");
  const std::vector<std::string> cells = absl::StrSplit(lines[1], ',');
  ASSERT_EQ(cells.size(), 8u);
  EXPECT_EQ(cells[0], "50");
  EXPECT_EQ(cells[1], "62");
  // t of 9 degrees of freedom: 2.262157.
  EXPECT_NEAR(std::stod(cells[3]), 100 - 2.262157, 1e-5);
  EXPECT_NEAR(std::stod(cells[4]), 100 + 2.262157, 1e-5);
  v1::Architecture read;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      absl::StrCat("space: ", cells[6], " encoding: \"", cells[7], "\""),
      &read));
  EXPECT_EQ(read.encoding(), bytes);
  EXPECT_EQ(read.space(), uint64_t{1} << 63);
}

}  // namespace
}  // namespace starling
