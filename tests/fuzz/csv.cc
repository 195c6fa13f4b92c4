// Tables of numbers, read and written back bit for bit.
#include "deploy/cli/csv.h"

#include <cstring>
#include <numeric>
#include <optional>

#include "base/log.h"
#include "tests/fuzz/fuzz.h"

namespace starling {
namespace {

// Row by row; none if a cell is no number.
std::optional<std::vector<double>> Numbers(const CsvTable& table) {
  const size_t width = table.num_columns();
  std::vector<int> columns(width);
  std::iota(columns.begin(), columns.end(), 0);
  std::vector<double> numbers(table.num_rows() * width);
  for (int row = 0; row < table.num_rows(); ++row) {
    const absl::Span<double> cells =
        absl::MakeSpan(numbers).subspan(row * width, width);
    if (!table.ReadRow(row, columns, cells).ok()) return std::nullopt;
  }
  return numbers;
}

}  // namespace

bool ParseOne(absl::string_view bytes) {
  const absl::StatusOr<CsvTable> table =
      CsvTable::Parse(std::string(bytes), "input");
  if (!table.ok()) return false;
  const std::optional<std::vector<double>> numbers = Numbers(*table);
  if (!numbers.has_value()) return false;

  std::string text;
  for (int row = 0; row < table->num_rows(); ++row) {
    AppendCsvRow(absl::MakeConstSpan(*numbers).subspan(
                     row * table->num_columns(), table->num_columns()),
                 &text);
  }
  const absl::StatusOr<CsvTable> again = CsvTable::Parse(text, "again");
  CHECK(again.ok()) << again.status();
  const std::optional<std::vector<double>> same = Numbers(*again);
  CHECK(same.has_value()) << text;
  CHECK_EQ(same->size(), numbers->size());
  CHECK_EQ(std::memcmp(same->data(), numbers->data(),
                       numbers->size() * sizeof(double)),
           0)
      << text;
  return true;
}

std::vector<std::string> Seeds() {
  return {"x,y\n0.5,1e300\n-3,4\r\n5e-324,7\n", "1\n-0\n", "0x1p-3,2\n"};
}

}  // namespace starling
