#include "nas/entropy.h"

#include "base/math.h"

namespace starling {
namespace {

constexpr double kBitsPerNat = 1.4426950408889634;

double Term(double p) { return p > 0 ? -p * Log(p) * kBitsPerNat : 0; }

}  // namespace

double Entropy(const SearchSpace& space,
               const std::vector<std::vector<double>>& probabilities) {
  double sum = 0;
  for (int d = 0; d < space.num_decisions(); ++d) {
    for (const double p : probabilities[d]) {
      sum += Term(p) + (space.is_set(d) ? Term(1 - p) : 0);
    }
  }
  return sum;
}

double LargestEntropy(const SearchSpace& space) {
  std::vector<std::vector<double>> uniform;
  for (int d = 0; d < space.num_decisions(); ++d) {
    const int values = space.num_values(d), places = space.num_places(d);
    uniform.push_back(
        space.is_set(d)
            ? std::vector<double>(values, static_cast<double>(places) / values)
            : std::vector<double>(static_cast<size_t>(places) * values,
                                  1.0 / values));
  }
  return Entropy(space, uniform);
}

}  // namespace starling
