#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "policies/topology/testing.h"

namespace starling {
namespace {

constexpr char kWidths[] = R"(configured {
  policy { mlp { hidden: 16 } }
  option { path: "mlp.hidden" values: "4" values: "16" values: "8" ordered: true }
  option { path: "mlp.activation" values: "TANH" values: "RELU" }
})";

TEST(ConfiguredTest, ActsAsThePolicyWithTheseOptionsDoes) {
  const auto policy = *MakePolicy(kWidths);
  const auto inner = *MakePolicy("mlp { hidden: 8 activation: RELU }");
  ASSERT_EQ(policy->num_parameters(), 17 * 16 + 16 + 16 * 6 + 6);
  const SearchSpace& space = policy->search_space();
  EXPECT_EQ(space.Text({{2}, {1}}), "mlp.hidden=2 mlp.activation=RELU");
  const Eigen::VectorXf theta = Normals(policy->num_parameters(), 1);
  const Eigen::VectorXf state = Normals(17, 2);

  ASSERT_TRUE(policy->SetArchitecture(space.Encode({{2}, {1}})).ok());

  Eigen::VectorXf own(inner->num_parameters());
  int i = 0;
  for (int k = 0; k < 8 * 17; ++k) own[i++] = theta[k];
  for (int k = 0; k < 8; ++k) own[i++] = theta[16 * 17 + k];
  for (int row = 0; row < 6; ++row) {
    for (int k = 0; k < 8; ++k) own[i++] = theta[16 * 18 + row * 16 + k];
  }
  for (int k = 0; k < 6; ++k) own[i++] = theta[16 * 24 + k];
  EXPECT_EQ(Act(*policy, theta, state), Act(*inner, own, state));
  EXPECT_EQ(policy->Cost().weights, inner->Cost().weights);
  EXPECT_EQ(policy->ActiveParameters().size(), own.size());
}

TEST(ConfiguredTest, StartsAsItsLargestPolicyDoes) {
  const auto policy = *MakePolicy(kWidths);
  const auto largest = *MakePolicy("mlp { hidden: 16 }");
  Eigen::VectorXf a(policy->num_parameters()), b(policy->num_parameters());
  policy->InitialParameters(Rng(1), a);
  largest->InitialParameters(Rng(1), b);
  EXPECT_EQ(a, b);
}

TEST(ConfiguredTest, RefusesOptionsThatThereAreNot) {
  const auto message = [](const std::string& option) {
    return std::string(
        MakePolicy("configured { policy { mlp { hidden: 4 } } " + option + " }")
            .status()
            .message());
  };
  EXPECT_NE(message("option { path: \"mlp.hiden\" values: \"4\" "
                    "values: \"5\" }")
                .find("mlp.hidden"),
            std::string::npos);
  EXPECT_NE(message("option { path: \"mlp.hidden\" }").find("no values"),
            std::string::npos);
  EXPECT_NE(message("").find("nothing to choose"), std::string::npos);
  EXPECT_NE(message("option { path: \"mlp.activation\" values: \"TAN\" "
                    "values: \"RELU\" }")
                .find("TAN"),
            std::string::npos);
}

}  // namespace
}  // namespace starling
