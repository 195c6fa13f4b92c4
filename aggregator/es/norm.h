// Euclidean length in double, with a fixed order of summation.
#ifndef STARLING_AGGREGATOR_ES_NORM_H_
#define STARLING_AGGREGATOR_ES_NORM_H_

#include "absl/types/span.h"

namespace starling {

// |x|. Element i belongs to partial sum i mod 8; the partial sums meet in the
// tree ((0+4)+(2+6)) + ((1+5)+(3+7)): the same bits whatever the address and
// the machine. Neither huge nor tiny elements overflow or vanish; NaN in gives
// NaN out. O(n), no allocation.
double Norm(absl::Span<const double> x);
double Norm(absl::Span<const float> x);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_ES_NORM_H_
