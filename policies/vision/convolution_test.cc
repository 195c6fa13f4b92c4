#include <memory>
#include <string>

#include "base/rng.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

v1::EnvSpec Spec(int height, int width, int state_size = 0) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_state_size(state_size);
  spec.set_image_height(height);
  spec.set_image_width(width);
  spec.set_image_channels(1);
  spec.set_action_size(1);
  spec.add_action_low(-100);
  spec.add_action_high(100);
  return spec;
}

absl::StatusOr<std::unique_ptr<Policy>> Make(const std::string& text,
                                             const v1::EnvSpec& spec) {
  v1::PolicyConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config));
  return PolicyRegistry::Make(config, spec);
}

TEST(ConvolutionTest, IsWindowsThenRectifiersThenLayers) {
  // One window of 2 x 2 at a time over 2 x 3 pixels: two places, one channel.
  const auto policy = *Make(
      "convolution { layer { channels: 1 size: 2 stride: 1 } "
      "mlp { bias: false } }",
      Spec(2, 3, 1));
  ASSERT_EQ(policy->num_parameters(), 4 + 1 + 3);
  Eigen::VectorXf theta(8);
  theta << 1, 2, -3, 4, -0.5f, 1, 2, 3;
  policy->SetParameters(theta);
  const uint8_t pixels[] = {255, 0, 255, 0, 255, 255};
  const float state = 0.25f;
  Eigen::VectorXf action(1);
  policy->Act({.state = {&state, 1}, .image = {pixels, 2, 3, 1}}, action);
  // 1 + 4 - .5 = 4.5 and 2 - 3 + 4 - .5 = 2.5.
  EXPECT_FLOAT_EQ(action[0], 4.5f + 5 + 0.75f);
  theta[4] = -3;  // 2 and 0: cut
  policy->SetParameters(theta);
  policy->Act({.state = {&state, 1}, .image = {pixels, 2, 3, 1}}, action);
  EXPECT_FLOAT_EQ(action[0], 2 + 0.75f);
}

TEST(ConvolutionTest, RefusesWindowsThatDoNotFit) {
  for (const char* const text :
       {"convolution { layer { size: 9 } }",
        "convolution { layer { size: 4 } layer { size: 4 } }"}) {
    const absl::Status status = Make(text, Spec(8, 8)).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(status.ToString().find("must fit"), std::string::npos) << status;
  }
  EXPECT_NE(
      Make("convolution {}", Spec(0, 0, 3)).status().ToString().find("camera"),
      std::string::npos);
}

}  // namespace
}  // namespace starling
