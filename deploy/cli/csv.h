// Tables of numbers in files of comma-separated values, read strictly.
//
// One row a line, "\n" or "\r\n", no quotes. A first line whose first cell is
// no number names the columns. Numbers are parsed where they are asked for, so
// columns that nobody asks for may hold anything. Errors say file, line and
// column, what was found and what was expected. Immutable, thread-safe.
#ifndef STARLING_DEPLOY_CLI_CSV_H_
#define STARLING_DEPLOY_CLI_CSV_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace starling {

class CsvTable {
 public:
  static constexpr uint64_t kMaxBytes = uint64_t{256} << 20;
  static constexpr int kMaxColumns = 1 << 16;

  // `origin` is the file's name, for errors. All lines must have as many cells
  // as the first, and `num_columns` if that is not 0. InvalidArgument else, and
  // if there is no row, an empty line between rows, or too much of anything.
  static absl::StatusOr<CsvTable> Parse(std::string text, std::string origin,
                                        int num_columns = 0);
  // ReadFile, then Parse. NotFound or PermissionDenied if it can't be read.
  static absl::StatusOr<CsvTable> Read(const std::string& path,
                                       int num_columns = 0);

  int num_rows() const { return static_cast<int>(row_starts_.size()); }
  int num_columns() const { return num_columns_; }
  // [num_columns] names, without blanks around them, or empty.
  const std::vector<std::string>& header() const { return header_; }
  // Index of the column `name`, or -1.
  int Column(absl::string_view name) const;

  // Parses the cells `columns` of `row` into `numbers`, of the same length.
  // InvalidArgument if one is not a finite number.
  absl::Status ReadRow(int row, absl::Span<const int> columns,
                       absl::Span<double> numbers) const;
  // "file:line" of a row.
  std::string Where(int row) const;

 private:
  CsvTable() = default;

  std::string text_;
  std::string origin_;
  std::vector<uint32_t> row_starts_;  // offsets in text_
  int first_line_ = 1;                // of row 0
  int num_columns_ = 0;
  std::vector<std::string> header_;
};

// Appends one row: numbers that round-trip (%.17g), then "\n".
void AppendCsvRow(absl::Span<const double> numbers, std::string* out);
// Appends `count` names "stem_0", "stem_1", .., each after a comma unless `out`
// is empty.
void AppendCsvNames(absl::string_view stem, int count, std::string* out);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_CSV_H_
