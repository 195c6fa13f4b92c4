#include "policies/attention/picks.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

using Places = std::vector<int>;

TEST(PickerTest, TakesTheLargestAndAmongEqualsTheFirst) {
  const PatchGrid grid = {2, 4, 3, 1, 1};
  Eigen::VectorXf votes(8);
  votes << 1, 5, 2, 5, 0, 7, 2, 2;
  EXPECT_EQ(Picker(grid, 1, 0).Pick(votes), Places({5}));
  EXPECT_EQ(Picker(grid, 5, 0).Pick(votes), Places({5, 1, 3, 2, 6}));
  EXPECT_EQ(Picker(grid, 8, 0).Pick(votes), Places({5, 1, 3, 2, 6, 7, 0, 4}));
  // A flat image.
  votes.setOnes();
  EXPECT_EQ(Picker(grid, 3, 0).Pick(votes), Places({0, 1, 2}));
}

TEST(PickerTest, PassesOverWhatIsNearUntilNothingElseIsLeft) {
  const PatchGrid grid = {4, 4, 3, 1, 1};
  Eigen::VectorXf votes = Eigen::VectorXf::Zero(16);
  votes[5] = 9;   // row 1, column 1
  votes[6] = 8;   // beside it
  votes[10] = 7;  // below and to the right
  votes[7] = 6;   // two columns away
  EXPECT_EQ(Picker(grid, 2, 2).Pick(votes), Places({5, 7}));
  EXPECT_EQ(Picker(grid, 4, 2).Pick(votes), Places({5, 7, 12, 14}));
  // Everything is near the first: the others follow by votes.
  EXPECT_EQ(Picker(grid, 3, 3).Pick(votes), Places({5, 6, 10}));
}

}  // namespace
}  // namespace starling
