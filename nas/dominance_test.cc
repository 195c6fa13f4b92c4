#include "nas/dominance.h"

#include <limits>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

std::vector<Point> RandomPoints(int n, int objectives, Rng* rng) {
  std::vector<Point> points(n, Point(objectives));
  for (Point& point : points) {
    // Coarse, so that there are ties.
    for (double& value : point) value = rng->Below(8);
  }
  return points;
}

TEST(DominanceTest, FrontsAreThoseOfBruteForce) {
  Rng rng(1);
  for (int trial = 0; trial < 200; ++trial) {
    const auto points = RandomPoints(1 + static_cast<int>(rng.Below(40)),
                                     1 + static_cast<int>(rng.Below(3)), &rng);
    std::vector<std::vector<int>> expected;
    std::vector<bool> taken(points.size());
    for (size_t left = points.size(); left > 0;) {
      std::vector<int> front;
      for (size_t i = 0; i < points.size(); ++i) {
        if (taken[i]) continue;
        bool is_dominated = false;
        for (size_t j = 0; j < points.size(); ++j) {
          bool all = true, any = false;
          for (size_t k = 0; k < points[i].size(); ++k) {
            all = all && points[j][k] >= points[i][k];
            any = any || points[j][k] > points[i][k];
          }
          is_dominated = is_dominated || (!taken[j] && all && any);
        }
        if (!is_dominated) front.push_back(static_cast<int>(i));
      }
      for (const int i : front) taken[i] = true;
      left -= front.size();
      expected.push_back(front);
    }

    EXPECT_EQ(Fronts(points), expected) << "trial " << trial;
  }
}

TEST(DominanceTest, EqualPointsDoNotDominateEachOther) {
  EXPECT_FALSE(Dominates({1, 2}, {1, 2}));
  EXPECT_TRUE(Dominates({1, 3}, {1, 2}));
  EXPECT_FALSE(Dominates({2, 1}, {1, 2}));
}

TEST(DominanceTest, CrowdingIsTheGapBetweenNeighbours) {
  const std::vector<Point> points = {{0, 10}, {1, 4}, {4, 3}, {10, 0}};
  const std::vector<int> front = {0, 1, 2, 3};
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> crowding = Crowding(points, front);
  EXPECT_EQ(crowding[0], infinity);
  EXPECT_EQ(crowding[3], infinity);
  EXPECT_DOUBLE_EQ(crowding[1], 0.4 + 0.7);
  EXPECT_DOUBLE_EQ(crowding[2], 0.9 + 0.4);
}

}  // namespace
}  // namespace starling
