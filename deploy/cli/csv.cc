#include "deploy/cli/csv.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

// The line that starts at `begin`, without its end.
absl::string_view LineAt(absl::string_view text, size_t begin) {
  const absl::string_view line =
      text.substr(begin, text.find('\n', begin) - begin);
  return absl::StripSuffix(line, "\r");
}

// At most 32 bytes of a cell, printable, for an error.
std::string Quote(absl::string_view cell) {
  std::string text = absl::CHexEscape(cell.substr(0, 32));
  return absl::StrCat("'", text, cell.size() > 32 ? "..'" : "'");
}

bool IsNumber(absl::string_view cell) {
  double number;
  return absl::SimpleAtod(cell, &number);
}

}  // namespace

absl::StatusOr<CsvTable> CsvTable::Parse(std::string text, std::string origin,
                                         int num_columns) {
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, ": ", text.size(), " bytes are more than the ",
                     kMaxBytes, " that a table may have; split it"));
  }
  CsvTable table;
  table.num_columns_ = num_columns;
  int line_number = 0;
  for (size_t begin = 0; begin < text.size(); ++line_number) {
    const absl::string_view line = LineAt(text, begin);
    const int cells =
        1 + static_cast<int>(std::count(line.begin(), line.end(), ','));
    if (table.num_columns_ == 0) table.num_columns_ = cells;
    if (line.empty() || cells != table.num_columns_) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s:%d: expected %d columns, found %d", origin, line_number + 1,
          table.num_columns_, line.empty() ? 0 : cells));
    }
    if (cells > kMaxColumns) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s:%d: %d columns are more than the %d that a table "
                          "may have",
                          origin, line_number + 1, cells, kMaxColumns));
    }
    const bool is_header =
        line_number == 0 && !IsNumber(line.substr(0, line.find(',')));
    if (is_header) {
      for (absl::string_view name : absl::StrSplit(line, ',')) {
        table.header_.emplace_back(absl::StripAsciiWhitespace(name));
      }
      table.first_line_ = 2;
    } else {
      table.row_starts_.push_back(static_cast<uint32_t>(begin));
    }
    const size_t end = text.find('\n', begin);
    begin = end == std::string::npos ? text.size() : end + 1;
  }
  if (table.row_starts_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        origin,
        ": there is no row of numbers; one line a row, cells separated "
        "by commas"));
  }
  table.text_ = std::move(text);
  table.origin_ = std::move(origin);
  return table;
}

absl::StatusOr<CsvTable> CsvTable::Read(const std::string& path,
                                        int num_columns) {
  ASSIGN_OR_RETURN(std::string text, ReadFile(path, kMaxBytes));
  return Parse(std::move(text), path, num_columns);
}

int CsvTable::Column(absl::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  return found == header_.end() ? -1
                                : static_cast<int>(found - header_.begin());
}

absl::Status CsvTable::ReadRow(int row, absl::Span<const int> columns,
                               absl::Span<double> numbers) const {
  CHECK_EQ(columns.size(), numbers.size());
  const std::vector<absl::string_view> cells =
      absl::StrSplit(LineAt(text_, row_starts_[row]), ',');
  for (size_t i = 0; i < columns.size(); ++i) {
    const int column = columns[i];
    if (!absl::SimpleAtod(cells[column], &numbers[i]) ||
        !std::isfinite(numbers[i])) {
      return absl::InvalidArgumentError(absl::StrCat(
          Where(row), ": column ", column + 1,
          header_.empty() ? "" : absl::StrCat(" (", header_[column], ")"), ": ",
          Quote(cells[column]), " is not a finite number"));
    }
  }
  return absl::OkStatus();
}

std::string CsvTable::Where(int row) const {
  return absl::StrCat(origin_, ":", first_line_ + row);
}

void AppendCsvRow(absl::Span<const double> numbers, std::string* out) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    absl::StrAppendFormat(out, i == 0 ? "%.17g" : ",%.17g", numbers[i]);
  }
  *out += '\n';
}

void AppendCsvNames(absl::string_view stem, int count, std::string* out) {
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(out, out->empty() ? "" : ",", stem, "_", i);
  }
}

}  // namespace starling
