// Which tokens have the most votes.
#ifndef STARLING_POLICIES_ATTENTION_PICKS_H_
#define STARLING_POLICIES_ATTENTION_PICKS_H_

#include <Eigen/Core>
#include <vector>

#include "policies/vision/patches.h"

namespace starling {

// Picks by votes; among equals, by place. Owns its workspace: the same call
// again allocates nothing.
class Picker {
 public:
  // `min_distance`: patches whose centres are nearer than this to an earlier
  // pick, in pixels both ways, only come once no others are left. k in [1,
  // grid.size()].
  Picker(const PatchGrid& grid, int k, int min_distance);

  // The k patches with most of `votes` [grid.size()], most first. No NaN among
  // them. O(size + k log k), with a distance O(size log size + size k).
  const std::vector<int>& Pick(const Eigen::VectorXf& votes);

 private:
  bool IsNear(int a, int b) const;

  const PatchGrid grid_;
  const int k_, min_distance_;
  std::vector<int> order_, picks_, passed_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_PICKS_H_
