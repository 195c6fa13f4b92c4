// What the tests of this folder share.
#ifndef STARLING_POLICIES_TOPOLOGY_TESTING_H_
#define STARLING_POLICIES_TOPOLOGY_TESTING_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {

// As wide as a HalfCheetah's by default.
inline v1::EnvSpec TestSpec(int state_size = 17, int action_size = 6) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_state_size(state_size);
  spec.set_action_size(action_size);
  for (int i = 0; i < action_size; ++i) {
    spec.add_action_low(-1000);
    spec.add_action_high(1000);
  }
  return spec;
}

inline absl::StatusOr<std::unique_ptr<Policy>> MakePolicy(
    const std::string& text, const v1::EnvSpec& spec = TestSpec()) {
  v1::PolicyConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config))
      << text;
  return PolicyRegistry::Make(config, spec);
}

inline Eigen::VectorXf Normals(int n, uint64_t key) {
  Rng rng(key);
  Eigen::VectorXf z(n);
  for (float& value : z) value = static_cast<float>(rng.Normal());
  return z;
}

inline Eigen::VectorXf Act(Policy& policy, const Eigen::VectorXf& theta,
                           const Eigen::VectorXf& state, int action_size = 6) {
  Observation observation;
  new (&observation.state)
      Eigen::Map<const Eigen::VectorXf>(state.data(), state.size());
  Eigen::VectorXf action(action_size);
  policy.SetParameters(theta);
  policy.Act(observation, action);
  return action;
}

}  // namespace starling

#endif  // STARLING_POLICIES_TOPOLOGY_TESTING_H_
