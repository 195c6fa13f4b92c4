#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

// action = 2 state_0 - state_1 + 0.5, within +-4.
constexpr char kConfig[] = R"(exported { model {
  format_version: 1
  contract { observations {} observations {} actions { low: -4 high: 4 } }
  layers {
    rows: 1 operation: IDENTITY
    dense { first_value: 0 num_values: 2 }
    weights { float32 { values: 2 values: -1 } }
    offsets: 0.5
  }
  head { kind: CLIP low: -4 high: 4 }
} })";

absl::StatusOr<std::unique_ptr<Policy>> Make(int state_size) {
  v1::PolicyConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kConfig, &config));
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_state_size(state_size);
  spec.set_action_size(1);
  spec.add_action_low(-4);
  spec.add_action_high(4);
  return PolicyRegistry::Make(config, spec);
}

float Act(Policy& policy, const Eigen::VectorXf& theta) {
  policy.SetParameters(theta);
  const Eigen::Vector2f state(1, 0.25f);
  Observation observation;
  new (&observation.state) Eigen::Map<const Eigen::VectorXf>(state.data(), 2);
  Eigen::VectorXf action(1);
  policy.Act(observation, action);
  return action[0];
}

TEST(ExportedTest, ItsParametersAreThoseOfTheFile) {
  const auto policy = *Make(2);
  ASSERT_EQ(policy->num_parameters(), 3);
  Eigen::VectorXf theta(3);
  policy->InitialParameters(Rng(1), theta);
  EXPECT_EQ(theta, Eigen::Vector3f(2, -1, 0.5f));
  EXPECT_EQ(Act(*policy, theta), 2.25f);
  EXPECT_EQ(Act(*policy, Eigen::Vector3f(1, 0, -3)), -2);
  EXPECT_EQ(policy->Cost().weights, 2);
  EXPECT_EQ(policy->Cost().biases, 1);
}

TEST(ExportedTest, RefusesAnotherEnvironment) {
  const absl::Status status = Make(3).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("2 observations into 1 actions"),
            absl::string_view::npos)
      << status;
}

}  // namespace
}  // namespace starling
