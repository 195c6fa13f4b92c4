// A coarse frame and a small network: `downscaled`.
//
// The mean of each channel over blocks of pixels, all about as large, goes to
// the controller (controller_net.h), whose parameters are the policy's.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/action_head.h"
#include "policies/policy.h"
#include "policies/vision/controller_net.h"

namespace starling {
namespace {

class Downscaled : public Policy {
 public:
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec) {
    const v1::Downscaled& options = config.downscaled();
    if (spec.image_height() == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "policy.downscaled looks at images, but ", spec.name(),
          " shows a state only; use an environment with a camera, or a policy "
          "such as mlp"));
    }
    if (options.height() < 1 || options.width() < 1 ||
        options.height() > spec.image_height() ||
        options.width() > spec.image_width()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "policy.downscaled: ", options.width(), " x ", options.height(),
          " blocks of a frame of ", spec.image_width(), " x ",
          spec.image_height(), "; each must have a pixel"));
    }
    ASSIGN_OR_RETURN(ActionHead head,
                     ActionHead::Create(config.action(), spec));
    const int64_t seen =
        int64_t{options.height()} * options.width() * spec.image_channels() +
        spec.state_size();
    ASSIGN_OR_RETURN(
        ControllerNet controller,
        ControllerNet::Create("downscaled",
                              options.has_lstm() ? &options.lstm() : nullptr,
                              options.has_mlp() ? &options.mlp() : nullptr,
                              seen, head.raw_size()));
    return std::unique_ptr<Policy>(
        new Downscaled(options, spec, std::move(head), std::move(controller)));
  }

  int num_parameters() const override { return controller_.num_parameters(); }

  ParameterLayout layout() const override {
    ParameterLayout layout;
    controller_.AddLayout(0, &layout);
    return layout;
  }

  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters());
    controller_.InitialParameters(&rng, theta.data());
  }

  void SetParameters(ConstVectorRef theta) override {
    CHECK_EQ(theta.size(), num_parameters());
    controller_.SetParameters(theta.data());
  }

  void Reset() override { controller_.Reset(); }

  void Act(const Observation& observation, VectorRef action) override {
    CHECK_EQ(observation.state.size(), state_size_);
    CHECK_EQ(observation.image.height, image_height_);
    CHECK_EQ(observation.image.width, image_width_);
    float* to = seen_.data();
    for (int i = 0; i < height_; ++i) {
      for (int j = 0; j < width_; ++j, to += channels_) {
        Average(observation.image, i, j, to);
      }
    }
    std::copy(observation.state.data(), observation.state.data() + state_size_,
              to);
    controller_.Act(seen_.data(), raw_.data());
    head_.Apply(raw_, action);
  }

  absl::Status Export(v1::ExportedPolicy* model) const override {
    return absl::UnimplementedError(
        "policy.downscaled reads images, and exported policies read states"
        " alone");
  }

  PolicyCost Cost() const override {
    PolicyCost cost;
    controller_.AddCost(&cost);
    cost.bits = 32 * (cost.weights + cost.biases);
    return cost;
  }

 private:
  Downscaled(const v1::Downscaled& options, const v1::EnvSpec& spec,
             ActionHead head, ControllerNet controller)
      : height_(static_cast<int>(options.height())),
        width_(static_cast<int>(options.width())),
        image_height_(static_cast<int>(spec.image_height())),
        image_width_(static_cast<int>(spec.image_width())),
        channels_(static_cast<int>(spec.image_channels())),
        state_size_(static_cast<int>(spec.state_size())),
        head_(std::move(head)),
        controller_(std::move(controller)),
        sums_(channels_),
        seen_(static_cast<size_t>(height_ * width_ * channels_ + state_size_)),
        raw_(head_.raw_size()) {}

  // The means of block (i, j), one a channel.
  void Average(const ImageView& image, int i, int j, float* to) {
    const int top = i * image_height_ / height_;
    const int bottom = (i + 1) * image_height_ / height_;
    const int left = j * image_width_ / width_;
    const int right = (j + 1) * image_width_ / width_;
    std::fill(sums_.begin(), sums_.end(), 0);
    for (int row = top; row < bottom; ++row) {
      const uint8_t* pixel =
          image.data + (int64_t{row} * image_width_ + left) * channels_;
      for (int column = left; column < right; ++column) {
        for (int c = 0; c < channels_; ++c) sums_[c] += *pixel++;
      }
    }
    const int64_t area = int64_t{bottom - top} * (right - left);
    for (int c = 0; c < channels_; ++c) {
      to[c] = static_cast<float>(static_cast<double>(sums_[c]) /
                                 static_cast<double>(255 * area));
    }
  }

  const int height_, width_, image_height_, image_width_, channels_,
      state_size_;
  const ActionHead head_;
  ControllerNet controller_;
  std::vector<int64_t> sums_;
  std::vector<float> seen_;
  Eigen::VectorXf raw_;
};

STARLING_REGISTER_POLICY(downscaled, Downscaled::Create);

}  // namespace
}  // namespace starling
