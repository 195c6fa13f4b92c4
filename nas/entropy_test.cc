#include "nas/entropy.h"

#include "gtest/gtest.h"
#include "nas/testing.h"

namespace starling {
namespace {

TEST(EntropyTest, CountsBitsOfPlacesAndOfMemberships) {
  const SearchSpace space = TestSpace(R"(
    decisions { name: "x" one_of { num_candidates: 8 count: 2 } }
    decisions { name: "e" many_of { k: 2 num_candidates: 4 } })");
  EXPECT_NEAR(LargestEntropy(space), 2 * 3 + 4, 1e-12);
  std::vector<std::vector<double>> certain = {std::vector<double>(16),
                                              {1, 0, 1, 0}};
  certain[0][3] = certain[0][8] = 1;
  EXPECT_EQ(Entropy(space, certain), 0);
}

}  // namespace
}  // namespace starling
