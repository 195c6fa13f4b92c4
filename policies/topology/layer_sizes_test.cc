#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "policies/topology/testing.h"

namespace starling {
namespace {

constexpr char kTwoLayers[] =
    "layer_sizes { mlp { hidden: 8 hidden: 12 } min_width: 2 }";

TEST(LayerSizesTest, TheLargestIsTheWholeNetwork) {
  const auto policy = *MakePolicy(kTwoLayers);
  const auto dense = *MakePolicy("mlp { hidden: 8 hidden: 12 }");
  const Eigen::VectorXf theta = Normals(dense->num_parameters(), 1);
  const Eigen::VectorXf state = Normals(17, 2);
  ASSERT_EQ(policy->num_parameters(), dense->num_parameters());
  const SearchSpace& space = policy->search_space();

  ASSERT_TRUE(policy->SetArchitecture(space.Encode({{2}, {8}, {12}})).ok());

  EXPECT_LT((Act(*policy, theta, state) - Act(*dense, theta, state))
                .cwiseAbs()
                .maxCoeff(),
            1e-5f);
}

TEST(LayerSizesTest, ASmallerNetworkIsACornerOfTheMatrices) {
  const auto policy = *MakePolicy(kTwoLayers);
  const auto small = *MakePolicy("mlp { hidden: 3 }");
  const Eigen::VectorXf theta = Normals(policy->num_parameters(), 1);
  const Eigen::VectorXf state = Normals(17, 2);
  const SearchSpace& space = policy->search_space();
  EXPECT_EQ(space.Text({{1}, {3}, {}}), "depth=1 layer0/width=3");

  ASSERT_TRUE(policy->SetArchitecture(space.Encode({{1}, {3}, {}})).ok());

  Eigen::VectorXf own(small->num_parameters());
  const int out = 17 * 8 + 8 + 8 * 12 + 12;
  int i = 0;
  for (int k = 0; k < 3 * 17; ++k) own[i++] = theta[k];
  for (int k = 0; k < 3; ++k) own[i++] = theta[17 * 8 + k];
  for (int row = 0; row < 6; ++row) {
    for (int k = 0; k < 3; ++k) own[i++] = theta[out + row * 12 + k];
  }
  for (int k = 0; k < 6; ++k) own[i++] = theta[out + 72 + k];
  EXPECT_LT((Act(*policy, theta, state) - Act(*small, own, state))
                .cwiseAbs()
                .maxCoeff(),
            1e-5f);
  EXPECT_EQ(policy->Cost().weights, small->Cost().weights);
  EXPECT_EQ(policy->Cost().biases, small->Cost().biases);
}

TEST(LayerSizesTest, AWideFirstLayerGrowsTheLastMatrix) {
  const auto policy =
      *MakePolicy("layer_sizes { mlp { hidden: 12 hidden: 4 } }");
  EXPECT_EQ(policy->num_parameters(), 17 * 12 + 12 + 12 * 4 + 4 + 6 * 12 + 6);
  int total = 0;
  for (const ParameterBlock& block : policy->layout()) {
    EXPECT_EQ(block.offset, total) << block.name;
    total += block.rows * block.cols;
  }
  EXPECT_EQ(total, policy->num_parameters());
}

TEST(LayerSizesTest, RefusesLimitsThatContradict) {
  const auto message = [](const std::string& text) {
    return std::string(MakePolicy(text).status().message());
  };
  EXPECT_NE(message("layer_sizes { mlp { hidden: 8 } min_width: 9 }")
                .find("min_width is 9, more than a layer of mlp.hidden has: 8"),
            std::string::npos);
  EXPECT_NE(message("layer_sizes { mlp { hidden: 8 } min_depth: 2 }")
                .find("min_depth is 2, more than the 1 layers"),
            std::string::npos);
  EXPECT_NE(message("layer_sizes {}").find("no layer whose size"),
            std::string::npos);
}

}  // namespace
}  // namespace starling
