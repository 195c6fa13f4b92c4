#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

constexpr int kCoordinates = 5;

absl::StatusOr<std::unique_ptr<Policy>> Make(int categorical, double low = -5,
                                             double high = 5) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_action_size(kCoordinates);
  spec.mutable_action_low()->Resize(kCoordinates, -100);
  spec.mutable_action_high()->Resize(kCoordinates, 100);
  v1::PolicyConfig config;
  v1::HybridPoint* options = config.mutable_hybrid_point();
  options->set_categorical(categorical);
  options->set_low(low);
  options->set_high(high);
  return PolicyRegistry::Make(config, spec);
}

Eigen::VectorXf Act(Policy& policy, const Eigen::VectorXf& theta) {
  policy.SetParameters(theta);
  Eigen::VectorXf action(kCoordinates);
  policy.Act({}, action);
  return action;
}

TEST(HybridPointTest, IsParametersThenTheLevelsThatAreChosen) {
  const auto policy = *Make(3);
  const SearchSpace& space = policy->search_space();
  ASSERT_EQ(policy->num_parameters(), 2);
  const Eigen::Vector2f theta(0.25f, -7);

  ASSERT_TRUE(policy->SetArchitecture(space.Encode({{0, 6, 10}})).ok());
  EXPECT_EQ(Act(*policy, theta),
            (Eigen::VectorXf(5) << 0.25f, -7, -5, 1, 5).finished());

  ASSERT_TRUE(policy->SetArchitecture({}).ok());
  EXPECT_EQ(Act(*policy, theta),
            (Eigen::VectorXf(5) << 0.25f, -7, 0, 0, 0).finished());
}

TEST(HybridPointTest, StartsAtZeroAndCountsBothKinds) {
  const auto policy = *Make(3);
  Eigen::VectorXf theta = Eigen::VectorXf::Ones(2);
  policy->InitialParameters(Rng(1), theta);
  EXPECT_EQ(theta, Eigen::VectorXf::Zero(2));
  EXPECT_EQ(policy->Cost().biases, 2);
  EXPECT_EQ(policy->Cost().bits, 2 * 32 + 3 * 4);
}

TEST(HybridPointTest, RefusesWhatLeavesNothingToOneOfTheTwo) {
  for (const int categorical : {0, kCoordinates}) {
    const absl::Status status = Make(categorical).status();
    EXPECT_TRUE(absl::StrContains(status.message(),
                                  "categorical must be 1 to 4, fewer than the "
                                  "5 coordinates of test"))
        << status;
  }
  EXPECT_TRUE(absl::StrContains(Make(2, 1, 1).status().message(),
                                "low must be below high, got 1 and 1"));
}

}  // namespace
}  // namespace starling
