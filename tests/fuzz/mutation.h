// Damages bytes the way that disks, networks and people do.
#ifndef STARLING_TESTS_FUZZ_MUTATION_H_
#define STARLING_TESTS_FUZZ_MUTATION_H_

#include <string>
#include <vector>

#include "base/rng.h"

namespace starling {

// One of `inputs` (not empty) with one to four changes: bits and bytes altered,
// removed, repeated, inserted, cut off, digits changed, or a part of another
// input in its place. At most 64 KiB. A function of `rng` and the inputs.
std::string Mutate(const std::vector<std::string>& inputs, Rng* rng);

}  // namespace starling

#endif  // STARLING_TESTS_FUZZ_MUTATION_H_
