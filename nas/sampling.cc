#include "nas/sampling.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_set>
#include <vector>

#include "base/log.h"

namespace starling {
namespace {

constexpr double kStep = 0.1;

// "Programming Pearls: A Sample of Brilliance": each set of k of n with the
// same probability, in k draws.
std::vector<int32_t> SampleSet(int k, int32_t n, Rng* rng) {
  std::unordered_set<int32_t> members;
  for (int32_t last = n - k; last < n; ++last) {
    const auto candidate =
        static_cast<int32_t>(rng->Below(static_cast<uint32_t>(last) + 1));
    if (!members.insert(candidate).second) members.insert(last);
  }
  std::vector<int32_t> sorted(members.begin(), members.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::vector<int32_t> SampleValues(const SearchSpace& space, int decision,
                                  Rng* rng) {
  const int places = space.num_places(decision);
  const int32_t n = space.num_values(decision);
  if (space.is_set(decision)) return SampleSet(places, n, rng);
  std::vector<int32_t> values(places);
  for (int32_t& value : values) {
    value = space.first_value(decision) +
            static_cast<int32_t>(rng->Below(static_cast<uint32_t>(n)));
  }
  return values;
}

// Places where another value is possible.
int NumFree(const SearchSpace& space, int decision) {
  const int places = space.num_places(decision);
  return space.is_set(decision) && places == space.num_values(decision)
             ? 0
             : places;
}

// A neighbour of `index` in [0, n), n >= 2.
int32_t Neighbour(int32_t index, int32_t n, Rng* rng) {
  if (n < SearchSpace::kFloatSteps) {
    if (index == 0) return 1;
    if (index == n - 1) return n - 2;
    return index + (rng->Below(2) == 0 ? -1 : 1);
  }
  const auto step =
      static_cast<int64_t>(std::lround(rng->Normal() * kStep * n));
  const auto moved =
      static_cast<int32_t>(std::clamp<int64_t>(index + step, 0, n - 1));
  if (moved != index) return moved;
  return index == n - 1 ? index - 1 : index + 1;
}

void ChangeValue(const SearchSpace& space, int decision, int place,
                 std::vector<int32_t>* values, Rng* rng) {
  const int32_t n = space.num_values(decision);
  const int32_t first = space.first_value(decision);
  int32_t& value = (*values)[place];
  if (space.is_set(decision)) {
    // The candidate outside of this rank.
    auto rank = static_cast<int32_t>(
        rng->Below(static_cast<uint32_t>(n - space.num_places(decision))));
    for (const int32_t member : *values) {
      if (member <= rank) ++rank;
    }
    value = rank;
    std::sort(values->begin(), values->end());
  } else if (space.is_ordered(decision)) {
    value = first + Neighbour(value - first, n, rng);
  } else {
    const auto other =
        static_cast<int32_t>(rng->Below(static_cast<uint32_t>(n) - 1));
    value = first + (other >= value - first ? other + 1 : other);
  }
}

// Of sets of one size, ascending.
std::vector<int32_t> CrossSets(const std::vector<int32_t>& a,
                               const std::vector<int32_t>& b, Rng* rng) {
  std::vector<int32_t> child, rest;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(),
                        std::back_inserter(child));
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                std::back_inserter(rest));
  for (size_t i = 0; child.size() < a.size(); ++i) {
    std::swap(rest[i],
              rest[i + rng->Below(static_cast<uint32_t>(rest.size() - i))]);
    child.push_back(rest[i]);
  }
  std::sort(child.begin(), child.end());
  return child;
}

}  // namespace

Choices Sample(const SearchSpace& space, Rng* rng) {
  Choices choices(space.num_decisions());
  for (int i = 0; i < space.num_decisions(); ++i) {
    if (space.IsMade(i, choices)) choices[i] = SampleValues(space, i, rng);
  }
  return choices;
}

Choices Mutate(const SearchSpace& space, Choices choices, Rng* rng) {
  CHECK_EQ(static_cast<int>(choices.size()), space.num_decisions());
  uint32_t num_free = 0;
  for (int i = 0; i < space.num_decisions(); ++i) {
    if (!choices[i].empty()) num_free += NumFree(space, i);
  }
  if (num_free == 0) return choices;
  auto place = static_cast<int>(rng->Below(num_free));
  int changed = 0;
  for (;; ++changed) {
    const int free = choices[changed].empty() ? 0 : NumFree(space, changed);
    if (place < free) break;
    place -= free;
  }
  ChangeValue(space, changed, place, &choices[changed], rng);
  for (int i = changed + 1; i < space.num_decisions(); ++i) {
    if (!space.IsMade(i, choices)) {
      choices[i].clear();
    } else if (choices[i].empty()) {
      choices[i] = SampleValues(space, i, rng);
    }
  }
  return choices;
}

Choices Crossover(const SearchSpace& space, const Choices& a, const Choices& b,
                  Rng* rng) {
  Choices child(space.num_decisions());
  for (int i = 0; i < space.num_decisions(); ++i) {
    if (!space.IsMade(i, child)) continue;
    if (a[i].empty() || b[i].empty()) {
      child[i] = !a[i].empty()   ? a[i]
                 : !b[i].empty() ? b[i]
                                 : SampleValues(space, i, rng);
    } else if (space.is_set(i)) {
      child[i] = CrossSets(a[i], b[i], rng);
    } else {
      for (size_t place = 0; place < a[i].size(); ++place) {
        child[i].push_back(rng->Below(2) == 0 ? a[i][place] : b[i][place]);
      }
    }
  }
  return child;
}

}  // namespace starling
