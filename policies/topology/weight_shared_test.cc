#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "policies/topology/testing.h"

namespace starling {
namespace {

TEST(WeightSharedTest, EdgesOfOneClassHaveOneWeight) {
  const auto dense = *MakePolicy("mlp { hidden: 32 }");
  const auto shared =
      *MakePolicy("weight_shared { mlp { hidden: 32 } partition {} }");
  ASSERT_EQ(shared->num_parameters(), 17 + 38);
  Rng rng(1);
  std::vector<int32_t> classes(736);
  for (int32_t& c : classes) c = static_cast<int32_t>(rng.Below(17));
  const Eigen::VectorXf theta = Normals(17 + 38, 2), state = Normals(17, 3);

  const SearchSpace& space = shared->search_space();
  ASSERT_TRUE(shared->SetArchitecture(space.Encode({classes})).ok());

  Eigen::VectorXf expanded(774);
  for (int e = 0; e < 544; ++e) expanded[e] = theta[classes[e]];
  for (int i = 0; i < 32; ++i) expanded[544 + i] = theta[17 + i];
  for (int e = 0; e < 192; ++e) expanded[576 + e] = theta[classes[544 + e]];
  for (int i = 0; i < 6; ++i) expanded[768 + i] = theta[49 + i];
  const Eigen::VectorXf a = Act(*shared, theta, state);
  const Eigen::VectorXf b = Act(*dense, expanded, state);
  EXPECT_LT((a - b).cwiseAbs().maxCoeff(), 2e-5f);
  const PolicyCost cost = shared->Cost();
  EXPECT_EQ(cost.weights, 17);
  EXPECT_EQ(cost.biases, 38);
  EXPECT_EQ(cost.multiply_adds, 736);
  EXPECT_EQ(cost.bits, 32 * (17 + 38) + 5 * 736);
}

TEST(WeightSharedTest, AToeplitzLayerIsConstantAlongItsDiagonals) {
  const auto policy =
      *MakePolicy("weight_shared { toeplitz {} }", TestSpec(3, 2));
  ASSERT_EQ(policy->num_parameters(), 4 + 2);
  Eigen::VectorXf theta(6), state(3), expected(2);
  theta << 1, 10, 100, 1000, 0.25f, 0.5f;
  state << 2, 3, 5;
  // W = [100 10 1; 1000 100 10].
  expected << 200 + 30 + 5 + 0.25f, 0;
  expected[1] = 2000 + 300 + 50 + 0.5f;
  // Actions end at 1000.
  const Eigen::VectorXf scaled = theta / 10;
  EXPECT_LT(
      (Act(*policy, scaled, state, 2) - expected / 10).cwiseAbs().maxCoeff(),
      1e-3f);
  // 17 -> 32 -> 6: 48 + 37 values.
  const auto whole =
      *MakePolicy("weight_shared { mlp { hidden: 32 } toeplitz {} }");
  EXPECT_EQ(whole->Cost().weights, 85);
}

TEST(WeightSharedTest, ACirculantLayerWrapsAround) {
  const auto policy =
      *MakePolicy("weight_shared { circulant {} }", TestSpec(3, 2));
  ASSERT_EQ(policy->num_parameters(), 3 + 2);
  Eigen::VectorXf theta(5), state(3);
  theta << 1, 10, 100, 0, 0;
  state << 2, 3, 5;
  // W = [1 100 10; 10 1 100].
  const Eigen::VectorXf action = Act(*policy, theta, state, 2);
  EXPECT_FLOAT_EQ(action[0], 2 + 300 + 50);
  EXPECT_FLOAT_EQ(action[1], 20 + 3 + 500);
  const auto whole =
      *MakePolicy("weight_shared { mlp { hidden: 32 } circulant {} }");
  EXPECT_EQ(whole->Cost().weights, 64);
}

TEST(WeightSharedTest, RefusesWhatSaysNotHow) {
  EXPECT_NE(MakePolicy("weight_shared { mlp { hidden: 32 } }")
                .status()
                .message()
                .find("set one of partition"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace starling
