#include "aggregator/es/norm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace starling {
namespace {

// sum_i (x_i / unit)^2.
template <typename T>
double SumOfSquares(absl::Span<const T> x, double unit) {
  double lanes[8] = {};
  size_t i = 0;
  for (; i + 8 <= x.size(); i += 8) {
    for (size_t lane = 0; lane < 8; ++lane) {
      const double scaled = x[i + lane] / unit;
      lanes[lane] += scaled * scaled;
    }
  }
  for (size_t lane = 0; i + lane < x.size(); ++lane) {
    const double scaled = x[i + lane] / unit;
    lanes[lane] += scaled * scaled;
  }
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

template <typename T>
double NormOf(absl::Span<const T> x) {
  const double squares = SumOfSquares(x, 1);
  if (std::isnan(squares) || (squares > 1e-200 && squares < 1e200)) {
    return std::sqrt(squares);
  }
  // The squares may have left the range of double: measure in units of the
  // largest element.
  double largest = 0;
  for (const T element : x) {
    largest = std::max(largest, std::abs(static_cast<double>(element)));
  }
  if (largest == 0 || std::isinf(largest)) return largest;
  return largest * std::sqrt(SumOfSquares(x, largest));
}

}  // namespace

double Norm(absl::Span<const double> x) { return NormOf(x); }
double Norm(absl::Span<const float> x) { return NormOf(x); }

}  // namespace starling
