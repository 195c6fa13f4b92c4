// How undecided a controller is.
#ifndef STARLING_NAS_ENTROPY_H_
#define STARLING_NAS_ENTROPY_H_

#include <vector>

#include "base/search_space.h"

namespace starling {

// In bits, of Controller::Probabilities: summed over places; of a set, over the
// memberships of its candidates. 0 where everything is certain.
double Entropy(const SearchSpace& space,
               const std::vector<std::vector<double>>& probabilities);

// Of the uniform distribution: what `random` has.
double LargestEntropy(const SearchSpace& space);

}  // namespace starling

#endif  // STARLING_NAS_ENTROPY_H_
