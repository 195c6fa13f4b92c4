#include "nas/dominance.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace starling {

bool Dominates(const Point& a, const Point& b) {
  bool is_better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] < b[i]) return false;
    is_better = is_better || a[i] > b[i];
  }
  return is_better;
}

std::vector<std::vector<int>> Fronts(absl::Span<const Point> points) {
  const auto n = static_cast<int>(points.size());
  std::vector<std::vector<int>> dominated(n);
  std::vector<int> num_above(n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      if (!Dominates(points[i], points[j])) continue;
      dominated[i].push_back(j);
      ++num_above[j];
    }
  }
  std::vector<std::vector<int>> fronts;
  std::vector<int> front;
  for (int i = 0; i < n; ++i) {
    if (num_above[i] == 0) front.push_back(i);
  }
  while (!front.empty()) {
    std::vector<int> next;
    for (const int i : front) {
      for (const int j : dominated[i]) {
        if (--num_above[j] == 0) next.push_back(j);
      }
    }
    std::sort(next.begin(), next.end());
    fronts.push_back(std::move(front));
    front = std::move(next);
  }
  return fronts;
}

std::vector<double> Crowding(absl::Span<const Point> points,
                             absl::Span<const int> front) {
  std::vector<double> crowding(front.size());
  if (front.empty()) return crowding;
  std::vector<int> order(front.size());
  for (size_t k = 0; k < points[front[0]].size(); ++k) {
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return points[front[a]][k] < points[front[b]][k];
    });
    const auto value = [&](size_t i) { return points[front[order[i]]][k]; };
    const double range = value(order.size() - 1) - value(0);
    crowding[order.front()] = crowding[order.back()] =
        std::numeric_limits<double>::infinity();
    if (range <= 0) continue;
    for (size_t i = 1; i + 1 < order.size(); ++i) {
      crowding[order[i]] += (value(i + 1) - value(i - 1)) / range;
    }
  }
  return crowding;
}

}  // namespace starling
