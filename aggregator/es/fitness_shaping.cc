#include "aggregator/es/fitness_shaping.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "base/log.h"

namespace starling {
namespace {

// Deviations below this are rounding, not information.
constexpr double kSmallestDeviation = 1e-12;
// Squares of differences of larger values would overflow.
constexpr double kLargestFitness = 1e150;

bool IsUsable(double fitness) { return std::abs(fitness) <= kLargestFitness; }

// A valid pair.
struct Pair {
  size_t direction;
  double plus;
  double minus;

  double difference() const { return plus - minus; }
};

std::vector<Pair> ValidPairs(absl::Span<const DirectionOutcome> outcomes) {
  std::vector<Pair> pairs;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const DirectionOutcome& outcome = outcomes[i];
    if (outcome.valid && IsUsable(outcome.plus) && IsUsable(outcome.minus)) {
      pairs.push_back({i, outcome.plus, outcome.minus});
    }
  }
  return pairs;
}

// Plus and minus of each pair, in order.
std::vector<double> Values(absl::Span<const Pair> pairs) {
  std::vector<double> values;
  values.reserve(2 * pairs.size());
  for (const Pair& pair : pairs) {
    values.push_back(pair.plus);
    values.push_back(pair.minus);
  }
  return values;
}

// Of the population. Differences to the first value are exact zeros where all
// values are equal.
double StandardDeviation(absl::Span<const double> values) {
  double mean = 0;
  for (const double value : values) mean += value - values[0];
  mean /= values.size();
  double squares = 0;
  for (const double value : values) {
    const double centered = (value - values[0]) - mean;
    squares += centered * centered;
  }
  return std::sqrt(squares / values.size());
}

// The `count` best pairs, in the order of their directions; among equals the
// lower direction wins.
std::vector<Pair> BestPairs(std::vector<Pair> pairs, size_t count,
                            v1::ArsShaping::TopBy top_by) {
  const auto score = [top_by](const Pair& pair) {
    return top_by == v1::ArsShaping::ABS_DIFFERENCE
               ? std::abs(pair.difference())
               : std::max(pair.plus, pair.minus);
  };
  std::stable_sort(
      pairs.begin(), pairs.end(),
      [&](const Pair& a, const Pair& b) { return score(a) > score(b); });
  pairs.resize(count);
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
    return a.direction < b.direction;
  });
  return pairs;
}

void ShapeByRank(absl::Span<const Pair> pairs, std::vector<double>* weights) {
  const std::vector<double> ranks = CenteredRanks(Values(pairs));
  for (size_t k = 0; k < pairs.size(); ++k) {
    (*weights)[pairs[k].direction] =
        (ranks[2 * k] - ranks[2 * k + 1]) / (2.0 * pairs.size());
  }
}

// w_i = (p_i - q_i) / divisor.
void ShapeByDifference(absl::Span<const Pair> pairs, double divisor,
                       std::vector<double>* weights) {
  for (const Pair& pair : pairs) {
    (*weights)[pair.direction] = pair.difference() / divisor;
  }
}

void ShapeByZScore(absl::Span<const Pair> pairs, double sigma,
                   std::vector<double>* weights) {
  const double deviation = StandardDeviation(Values(pairs));
  if (deviation < kSmallestDeviation) return;
  ShapeByDifference(pairs, 2.0 * pairs.size() * sigma * deviation, weights);
}

void ShapeByTop(absl::Span<const Pair> pairs, const v1::ArsShaping& config,
                std::vector<double>* weights) {
  size_t count = pairs.size();
  if (config.top_directions() > 0) {
    count = std::min<size_t>(count, config.top_directions());
  }
  const std::vector<Pair> best =
      BestPairs({pairs.begin(), pairs.end()}, count, config.top_by());
  const double deviation = StandardDeviation(Values(best));
  if (deviation < kSmallestDeviation) return;
  ShapeByDifference(best, best.size() * deviation, weights);
}

void ShapeBySign(absl::Span<const Pair> pairs, std::vector<double>* weights) {
  for (const Pair& pair : pairs) {
    const int sign = (pair.plus > pair.minus) - (pair.plus < pair.minus);
    (*weights)[pair.direction] = static_cast<double>(sign) / pairs.size();
  }
}

}  // namespace

std::vector<double> CenteredRanks(absl::Span<const double> values) {
  CHECK_GE(values.size(), 2u);
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return values[a] < values[b]; });

  std::vector<double> ranks(values.size());
  for (size_t first = 0, next; first < order.size(); first = next) {
    next = first + 1;
    while (next < order.size() && values[order[next]] == values[order[first]]) {
      ++next;
    }
    // The mean of the ranks first .. next - 1.
    const double rank = 0.5 * (first + (next - 1));
    for (size_t k = first; k < next; ++k) {
      ranks[order[k]] = rank / (values.size() - 1) - 0.5;
    }
  }
  return ranks;
}

ShapedFitness ShapeFitness(const v1::FitnessShaping& shaping,
                           absl::Span<const DirectionOutcome> outcomes,
                           double sigma) {
  CHECK_GT(sigma, 0);
  ShapedFitness shaped;
  shaped.weights.assign(outcomes.size(), 0);
  const std::vector<Pair> pairs = ValidPairs(outcomes);
  shaped.valid_pairs = static_cast<int>(pairs.size());
  if (pairs.empty()) return shaped;

  std::vector<double>* weights = &shaped.weights;
  switch (shaping.kind_case()) {
    case v1::FitnessShaping::KIND_NOT_SET:
    case v1::FitnessShaping::kCenteredRank:
      ShapeByRank(pairs, weights);
      break;
    case v1::FitnessShaping::kZScore:
      ShapeByZScore(pairs, sigma, weights);
      break;
    case v1::FitnessShaping::kArs:
      ShapeByTop(pairs, shaping.ars(), weights);
      break;
    case v1::FitnessShaping::kRaw:
      ShapeByDifference(pairs, 2.0 * pairs.size() * sigma, weights);
      break;
    case v1::FitnessShaping::kDifferenceSign:
      ShapeBySign(pairs, weights);
      break;
  }
  shaped.flat = std::all_of(weights->begin(), weights->end(),
                            [](double weight) { return weight == 0; });
  return shaped;
}

}  // namespace starling
