#include "deploy/run/pareto_csv.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "workers/student_t.h"

namespace starling {
namespace {

// "\x01\xa3", as the text format of protobuf reads it.
std::string Escaped(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    absl::StrAppendFormat(&text, "\\x%02x", static_cast<unsigned char>(byte));
  }
  return text;
}

}  // namespace

double HalfWidth95(const v1::FrontEntry& entry) {
  const auto n = static_cast<int>(entry.episodes());
  if (n < 2) return std::numeric_limits<double>::infinity();
  // Of the sample: the entry's is the population's.
  return StudentT975(n - 1) * entry.std() / std::sqrt(n - 1);
}

std::string ParetoCsv(uint64_t generation,
                      absl::Span<const v1::FrontEntry> front) {
  std::string csv =
      "generation,cost,mean,ci95_low,ci95_high,episodes,space,architecture\n";
  for (const v1::FrontEntry& entry : front) {
    const double half = HalfWidth95(entry);
    absl::StrAppendFormat(&csv, "%d,%.17g,%.17g,%.17g,%.17g,%d,%d,%s\n",
                          generation, entry.cost(), entry.mean(),
                          entry.mean() - half, entry.mean() + half,
                          entry.episodes(), entry.architecture().space(),
                          Escaped(entry.architecture().encoding()));
  }
  return csv;
}

}  // namespace starling
