// How much the candidates of sets matter, and what a search makes of it.
#ifndef STARLING_NAS_IMPORTANCE_H_
#define STARLING_NAS_IMPORTANCE_H_

#include <vector>

#include "base/search_space.h"

namespace starling {

// Of each decision, a set: a number for each candidate, >= 0.
using Importances = std::vector<std::vector<double>>;

// Of each set the candidates with the largest numbers, the lower among equals.
Choices MostImportant(const SearchSpace& space, const Importances& importances);

// `prior` times the logarithm, standardised within each set; what is a
// millionth of the largest, or less, counts as that. Equal numbers give zeros.
std::vector<std::vector<double>> PriorLogits(const Importances& importances,
                                             double prior);

}  // namespace starling

#endif  // STARLING_NAS_IMPORTANCE_H_
