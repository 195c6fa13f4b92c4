// Random architectures, and small changes of one: what controllers share.
#ifndef STARLING_NAS_SAMPLING_H_
#define STARLING_NAS_SAMPLING_H_

#include "base/rng.h"
#include "base/search_space.h"

namespace starling {

// Each decision in turn, uniformly among its values (a set: among all sets of
// its size). O(places).
Choices Sample(const SearchSpace& space, Rng* rng);

// Changes the value at one place, drawn uniformly among the places of all
// decisions that are made and leave a choice: of an ordered decision to a
// neighbour (a Float: by a normal step, of a tenth of its range), of a set one
// member for a candidate outside, else to any other value. Decisions that come
// to be made by this are sampled, those that no longer are fall away. What
// can't change (a set of all candidates) stays. O(places).
//
// Repeated changes reach every architecture from every other.
Choices Mutate(const SearchSpace& space, Choices choices, Rng* rng);

// A child of two: place by place the value of either; of a set, what both have
// and, for the rest, some of what one has. Decisions that only one parent made
// are taken from it, those that neither made are sampled. O(places).
Choices Crossover(const SearchSpace& space, const Choices& a, const Choices& b,
                  Rng* rng);

}  // namespace starling

#endif  // STARLING_NAS_SAMPLING_H_
