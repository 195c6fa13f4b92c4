#include "nas/importance.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/math.h"
#include "nas/objectives.h"

namespace starling {

Choices MostImportant(const SearchSpace& space,
                      const Importances& importances) {
  Choices choices;
  for (int d = 0; d < space.num_decisions(); ++d) {
    const std::vector<double>& set = importances[d];
    std::vector<int32_t> order(set.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&set](int32_t a, int32_t b) { return set[a] > set[b]; });
    order.resize(space.num_places(d));
    std::sort(order.begin(), order.end());
    choices.push_back(std::move(order));
  }
  return choices;
}

std::vector<std::vector<double>> PriorLogits(const Importances& importances,
                                             double prior) {
  std::vector<std::vector<double>> logits;
  for (const std::vector<double>& set : importances) {
    const double largest = *std::max_element(set.begin(), set.end());
    std::vector<double> logs;
    for (const double importance : set) {
      logs.push_back(Log(std::max(importance, 1e-6 * largest) + 1e-300));
    }
    logits.push_back(ZScores(logs));
    for (double& logit : logits.back()) logit *= prior;
  }
  return logits;
}

}  // namespace starling
