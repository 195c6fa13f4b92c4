#include "envs/mujoco/numpy_order.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

// 2^53 swallows a 1 that is added to it, so that a sum shows its order.
constexpr double kBig = 9007199254740992;

TEST(SumInNumpyOrderTest, FewElementsAreAddedOneAfterTheOther) {
  const std::vector<double> x = {kBig, 1, 1, 1, 1, 1, -kBig};
  EXPECT_EQ(SumInNumpyOrder(x.data(), 7), 0);
}

TEST(SumInNumpyOrderTest, EightElementsAreAddedAsATree) {
  // ((big + 1) + (1 + 1)) + ((1 + 1) + (1 - big)): 2^53 + 2 on the left,
  // 2 + (1 - 2^53) = 3 - 2^53 on the right.
  const std::vector<double> x = {kBig, 1, 1, 1, 1, 1, 1, -kBig};
  EXPECT_EQ(SumInNumpyOrder(x.data(), 8), 5);
}

TEST(SumInNumpyOrderTest, MoreElementsMakeEightInterleavedSumsAndATail) {
  std::vector<double> x(18, 0.0);
  x[0] = kBig;
  x[8] = 1;           // joins x[0]: lost
  x[9] = 1;           // joins x[1], which then joins 2^53: lost
  x[10] = x[11] = 2;  // make 4 before they meet 2^53: kept
  x[16] = x[17] = 1;  // the tail comes last, one by one: lost
  EXPECT_EQ(SumInNumpyOrder(x.data(), 18), kBig + 4);
}

TEST(SumInNumpyOrderTest, AboveABlockTheHalvesAreSummedApart) {
  // 136 = 64 + 72: the first half is 2^53, the second 72 ones.
  std::vector<double> x(136, 1.0);
  for (int i = 0; i < 64; ++i) x[i] = 0;
  x[0] = kBig;
  EXPECT_EQ(SumInNumpyOrder(x.data(), 136), kBig + 72);
}

TEST(SumOfSquaresInNumpyOrderTest, IsTheSumOfTheSquares) {
  std::vector<double> x, squares;
  for (int i = 0; i < 84; ++i) {
    x.push_back(0.1 * i - 3);
    squares.push_back(x.back() * x.back());
  }
  EXPECT_EQ(SumOfSquaresInNumpyOrder(x.data(), 84),
            SumInNumpyOrder(squares.data(), 84));
}

TEST(DistanceTest, IsEuclidean) {
  const double a[] = {1, 2, 3};
  const double b[] = {3, -1, 9};
  EXPECT_EQ(Distance(a, b), 7);
}

TEST(ScalarSquareTest, IsWithinOneUnitInTheLastPlaceOfTheProduct) {
  for (double x = -3; x < 3; x += 0.001) {
    EXPECT_DOUBLE_EQ(ScalarSquare(x), x * x);
  }
}

}  // namespace
}  // namespace starling
