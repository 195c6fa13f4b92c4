#include <string>

#include "gtest/gtest.h"
#include "policies/topology/testing.h"

namespace starling {
namespace {

TEST(LearnedMaskTest, OnlyTheEdgesWithTheLargestScoresLive) {
  const auto policy =
      *MakePolicy("learned_mask { mlp { hidden: 32 } edges: 64 }");
  const auto dense = *MakePolicy("mlp { hidden: 32 }");
  ASSERT_EQ(policy->num_parameters(), 774 + 736);
  Eigen::VectorXf theta = Normals(774 + 736, 1);
  const Eigen::VectorXf state = Normals(17, 2);
  // Edges 100 .. 163 win.
  for (int e = 0; e < 64; ++e) theta[774 + 100 + e] = 10 + e;
  Eigen::VectorXf masked = theta.head(774);
  for (int e = 0; e < 736; ++e) {
    if (e >= 100 && e < 164) continue;
    masked[e < 544 ? e : e + 32] = 0;
  }

  EXPECT_LT((Act(*policy, theta, state) - Act(*dense, masked, state))
                .cwiseAbs()
                .maxCoeff(),
            1e-5f);
  EXPECT_EQ(policy->Cost().chosen_edges, 64);
  // They lead nowhere: no edge into an output lives.
  EXPECT_EQ(policy->Cost().weights, 0);
  EXPECT_EQ(policy->Cost().biases, 6);
}

TEST(LearnedMaskTest, AmongEqualScoresTheFirstEdgesLive) {
  const auto policy = *MakePolicy("learned_mask { edges: 2 }", TestSpec(4, 1));
  Eigen::VectorXf theta(9), state(4);
  theta << 1, 10, 100, 1000, 0, 0, 0, 0, 0;
  state << 1, 1, 1, 1;
  EXPECT_FLOAT_EQ(Act(*policy, theta, state, 1)[0], 11);
}

TEST(LearnedMaskTest, RefusesMoreEdgesThanThereAre) {
  EXPECT_NE(MakePolicy("learned_mask { edges: 103 }")
                .status()
                .message()
                .find("must be 1 to 102, the edges that there are; got 103"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace starling
