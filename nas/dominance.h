// What dominates what: fronts of several objectives.
// Paper: "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II".
#ifndef STARLING_NAS_DOMINANCE_H_
#define STARLING_NAS_DOMINANCE_H_

#include <vector>

#include "absl/types/span.h"

namespace starling {

// Objectives of one point; more is better in each.
using Point = std::vector<double>;

// At least as good in all and better in one.
bool Dominates(const Point& a, const Point& b);

// Indices of the points by front: the first is dominated by nothing, the next
// only by earlier fronts; ascending within a front. O(n^2) comparisons.
std::vector<std::vector<int>> Fronts(absl::Span<const Point> points);

// How lonely each point of a front is: the sum over objectives of the gap
// between its neighbours, divided by the front's range; infinite at the ends.
// Of equal values, the lower index comes first. In the order of `front`.
std::vector<double> Crowding(absl::Span<const Point> points,
                             absl::Span<const int> front);

}  // namespace starling

#endif  // STARLING_NAS_DOMINANCE_H_
