#include <memory>
#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "policies/policy.h"

namespace starling {
namespace {

v1::EnvSpec Spec(int height, int width, int channels) {
  v1::EnvSpec spec;
  spec.set_name("test");
  spec.set_image_height(height);
  spec.set_image_width(width);
  spec.set_image_channels(channels);
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

TEST(DownscaledTest, SeesTheMeanOfEachBlock) {
  // 3 x 5 pixels of two channels as 2 x 2 blocks: rows 0 and 1 to 2, columns 0
  // to 1 and 2 to 4.
  const auto policy = *Make(
      "downscaled { height: 2 width: 2 mlp { bias: false } }", Spec(3, 5, 2));
  ASSERT_EQ(policy->num_parameters(), 8);
  uint8_t pixels[3 * 5 * 2] = {};
  for (int i = 0; i < 15; ++i) pixels[2 * i + 1] = static_cast<uint8_t>(17 * i);
  Eigen::VectorXf action(1);
  const double kMeans[] = {0.5, 3, (5 + 6 + 10 + 11) / 4.0, 10.5};
  for (int block = 0; block < 4; ++block) {
    for (int channel = 0; channel < 2; ++channel) {
      policy->SetParameters(Eigen::VectorXf::Unit(8, 2 * block + channel));
      policy->Act({.state = {nullptr, 0}, .image = {pixels, 3, 5, 2}}, action);
      EXPECT_NEAR(action[0], channel * 17 * kMeans[block] / 255, 1e-6);
    }
  }
}

TEST(DownscaledTest, RefusesMoreBlocksThanPixels) {
  const absl::Status status = Make("downscaled {}", Spec(7, 9, 3)).status();
  ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.ToString().find("8 x 8 blocks of a frame of 9 x 7"),
            std::string::npos)
      << status;
}

}  // namespace
}  // namespace starling
