#include "deploy/cli/csv.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>


namespace starling {
namespace {

std::string Message(const absl::StatusOr<CsvTable>& table) {
  return std::string(table.status().message());
}

TEST(CsvTest, FirstLineWithoutANumberIsTheHeader) {
  const auto table = CsvTable::Parse("a, b\n1,2\r\n-3e1,4\n", "f.csv");

  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->header(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table->Column("b"), 1);
  EXPECT_EQ(table->Column("c"), -1);
  ASSERT_EQ(table->num_rows(), 2);
  std::vector<double> numbers(2);
  ASSERT_TRUE(table->ReadRow(1, {1, 0}, absl::MakeSpan(numbers)).ok());
  EXPECT_EQ(numbers, (std::vector<double>{4, -30}));
  EXPECT_EQ(table->Where(1), "f.csv:3");
}

TEST(CsvTest, HeaderIsOptional) {
  const auto table = CsvTable::Parse("1,2\n3,4", "f.csv");

  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->header().empty());
  EXPECT_EQ(table->num_rows(), 2);
}

TEST(CsvTest, RaggedLinesAreNamedWithWhatWasExpected) {
  EXPECT_EQ(Message(CsvTable::Parse("1,2\n3\n", "f.csv")),
            "f.csv:2: expected 2 columns, found 1");
  EXPECT_EQ(Message(CsvTable::Parse("1,2\n", "f.csv", 6)),
            "f.csv:1: expected 6 columns, found 2");
  EXPECT_EQ(Message(CsvTable::Parse("1,2\n\n3,4\n", "f.csv")),
            "f.csv:2: expected 2 columns, found 0");
}

TEST(CsvTest, BadNumbersAreQuotedWithTheirPlaceButOnlyIfAskedFor) {
  const auto table = CsvTable::Parse("x,y\n1,2\n1,abc\n1,nan\n1,\n", "f.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  std::vector<double> one(1);

  EXPECT_TRUE(table->ReadRow(1, {0}, absl::MakeSpan(one)).ok());
  const absl::Status status = table->ReadRow(1, {1}, absl::MakeSpan(one));
  EXPECT_EQ(status.message(),
            "f.csv:3: column 2 (y): 'abc' is not a finite number");
  EXPECT_FALSE(table->ReadRow(2, {1}, absl::MakeSpan(one)).ok());
  EXPECT_FALSE(table->ReadRow(3, {1}, absl::MakeSpan(one)).ok());
}

TEST(CsvTest, TablesWithoutRowsAreRefused) {
  EXPECT_FALSE(CsvTable::Parse("", "f.csv").ok());
  EXPECT_FALSE(CsvTable::Parse("a,b\n", "f.csv").ok());
  EXPECT_FALSE(CsvTable::Parse(std::string(100000, ','), "f.csv").ok());
}

TEST(CsvTest, WrittenRowsReadBackBitForBit) {
  std::string names;
  AppendCsvNames("obs", 2, &names);
  AppendCsvNames("action", 1, &names);
  EXPECT_EQ(names, "obs_0,obs_1,action_0");

  const std::vector<double> written = {0.1, -1.0 / 3, 5e-324};
  std::string rows;
  AppendCsvRow(written, &rows);
  const auto table = CsvTable::Parse(rows, "rows");
  ASSERT_TRUE(table.ok()) << table.status();
  std::vector<double> read(3);
  ASSERT_TRUE(table->ReadRow(0, {0, 1, 2}, absl::MakeSpan(read)).ok());
  EXPECT_EQ(read, written);
}

}  // namespace
}  // namespace starling
