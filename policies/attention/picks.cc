#include "policies/attention/picks.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "base/log.h"

namespace starling {

Picker::Picker(const PatchGrid& grid, int k, int min_distance)
    : grid_(grid), k_(k), min_distance_(min_distance), order_(grid.size()) {
  CHECK_GE(k, 1);
  CHECK_LE(k, grid.size());
  picks_.reserve(k);
  passed_.reserve(k);
}

bool Picker::IsNear(int a, int b) const {
  return std::abs(grid_.center_row(a) - grid_.center_row(b)) < min_distance_ &&
         std::abs(grid_.center_column(a) - grid_.center_column(b)) <
             min_distance_;
}

const std::vector<int>& Picker::Pick(const Eigen::VectorXf& votes) {
  CHECK_EQ(votes.size(), grid_.size());
  std::iota(order_.begin(), order_.end(), 0);
  const auto is_before = [&votes](int a, int b) {
    return votes[a] > votes[b] || (votes[a] == votes[b] && a < b);
  };
  if (min_distance_ <= 1) {
    std::nth_element(order_.begin(), order_.begin() + (k_ - 1), order_.end(),
                     is_before);
    std::sort(order_.begin(), order_.begin() + k_, is_before);
    picks_.assign(order_.begin(), order_.begin() + k_);
    return picks_;
  }
  std::sort(order_.begin(), order_.end(), is_before);
  picks_.clear();
  passed_.clear();
  for (const int i : order_) {
    if (static_cast<int>(picks_.size()) == k_) break;
    const bool is_near = std::any_of(picks_.begin(), picks_.end(),
                                     [&](int pick) { return IsNear(pick, i); });
    if (!is_near) {
      picks_.push_back(i);
    } else if (static_cast<int>(passed_.size()) < k_) {
      passed_.push_back(i);
    }
  }
  for (const int i : passed_) {
    if (static_cast<int>(picks_.size()) == k_) break;
    picks_.push_back(i);
  }
  return picks_;
}

}  // namespace starling
