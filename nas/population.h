// Architectures that were tried, with how they did: the memory of controllers
// that keep some. Not thread-safe.
#ifndef STARLING_NAS_POPULATION_H_
#define STARLING_NAS_POPULATION_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/rng.h"
#include "base/search_space.h"
#include "nas/controller.h"

namespace starling {

struct Individual {
  Choices choices;
  // Standardised within its generation: theta moves on, so that raw scores of
  // different generations can't be compared.
  double score = 0;
  double mean_return = 0;
  double cost = 0;
};

// The trials that did not fail, in order; score and mean_return become
// z-scores among them (0 if all are alike).
std::vector<Individual> Standardize(absl::Span<const Trial> trials);

// The generator of proposal `index`.
Rng ProposalRng(uint64_t seed, uint64_t generation, int index);

// Share of the members that have each value: Controller::Probabilities. Uniform
// without members.
std::vector<std::vector<double>> Frequencies(
    const SearchSpace& space, const std::deque<Individual>& members);

// What most members have, decision by decision, among those that made the
// earlier decisions likewise; of a set, the most frequent candidates. Ties go
// to the lower value. `members` is not empty.
Choices Majority(const SearchSpace& space,
                 const std::deque<Individual>& members);

// A PopulationState.
std::string SavePopulation(const SearchSpace& space,
                           const std::deque<Individual>& members);
// DataLoss unless it is one of this space with at most `limit` members.
absl::Status RestorePopulation(const SearchSpace& space,
                               const std::string& state, size_t limit,
                               std::deque<Individual>* members);

}  // namespace starling

#endif  // STARLING_NAS_POPULATION_H_
