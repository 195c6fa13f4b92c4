#include "aggregator/progress.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "base/log.h"

namespace starling {

ReturnSummary Summarize(absl::Span<const v1::WorkUnit> units,
                        absl::Span<const v1::RolloutResult> results,
                        v1::WorkUnit::Kind kind) {
  CHECK_EQ(units.size(), results.size());
  ReturnSummary summary;
  std::vector<double> returns;
  double steps = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    if (units[i].kind() != kind) continue;
    if (results[i].status() != v1::RolloutResult::OK) {
      ++summary.failed_units;
      continue;
    }
    returns.insert(returns.end(), results[i].returns().begin(),
                   results[i].returns().end());
    for (const uint32_t length : results[i].lengths()) steps += length;
  }
  if (returns.empty()) return summary;

  const double count = static_cast<double>(returns.size());
  summary.episodes = static_cast<int>(returns.size());
  summary.mean_length = steps / count;
  const auto [min, max] = std::minmax_element(returns.begin(), returns.end());
  summary.min = *min;
  summary.max = *max;
  for (const double value : returns) summary.mean += value;
  summary.mean /= count;
  double squares = 0;
  for (const double value : returns) {
    squares += (value - summary.mean) * (value - summary.mean);
  }
  summary.std = std::sqrt(squares / count);
  return summary;
}

}  // namespace starling
