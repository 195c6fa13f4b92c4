// Convolutions and a small network behind them: `convolution`.
//
// Parameters: of each layer the windows' weights [channels, inputs of a window]
// row by row and offsets, then the controller's (controller_net.h).
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/action_head.h"
#include "policies/policy.h"
#include "policies/vision/controller_net.h"
#include "policies/vision/frame_stack.h"
#include "policies/vision/patches.h"

namespace starling {
namespace {

v1::ConvolutionLayer LayerOf(uint32_t channels) {
  v1::ConvolutionLayer layer;
  layer.set_channels(channels);
  return layer;
}

class Convolution : public Policy {
 public:
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec) {
    const v1::Convolution& options = config.convolution();
    if (spec.image_height() == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "policy.convolution looks at images, but ", spec.name(),
          " shows a state only; use an environment with a camera, or a policy "
          "such as mlp"));
    }
    ASSIGN_OR_RETURN(ActionHead head,
                     ActionHead::Create(config.action(), spec));
    std::vector<v1::ConvolutionLayer> layers(options.layer().begin(),
                                             options.layer().end());
    if (layers.empty()) layers = {LayerOf(8), LayerOf(16)};
    std::unique_ptr<Convolution> policy(new Convolution(spec, std::move(head)));
    PatchGrid grid = {static_cast<int>(spec.image_height()),
                      static_cast<int>(spec.image_width()),
                      static_cast<int>(spec.image_channels()), 0, 0};
    for (size_t i = 0; i < layers.size(); ++i) {
      grid.patch = static_cast<int>(layers[i].size());
      grid.stride = static_cast<int>(layers[i].stride());
      if (grid.patch < 1 || grid.stride < 1 || layers[i].channels() < 1 ||
          grid.patch > std::min(grid.height, grid.width)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "policy.convolution.layer[", i, "]: a window of ", grid.patch,
            " pixels, stride ", grid.stride, ", over a map of ", grid.width,
            " x ", grid.height, "; size, stride and channels must be at least ",
            "1 and the window must fit"));
      }
      policy->AddLayer(grid, static_cast<int>(layers[i].channels()));
      grid = {grid.rows(), grid.columns(),
              static_cast<int>(layers[i].channels()), 0, 0};
    }
    const int64_t seen =
        int64_t{grid.height} * grid.width * grid.channels + spec.state_size();
    ASSIGN_OR_RETURN(
        ControllerNet controller,
        ControllerNet::Create("convolution",
                              options.has_lstm() ? &options.lstm() : nullptr,
                              options.has_mlp() ? &options.mlp() : nullptr,
                              seen, policy->head_.raw_size()));
    policy->controller_.emplace(std::move(controller));
    policy->seen_.resize(seen);
    return std::unique_ptr<Policy>(std::move(policy));
  }

  int num_parameters() const override {
    return num_weights_ + controller_->num_parameters();
  }

  ParameterLayout layout() const override {
    ParameterLayout layout;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      const int rows = layer.projection.outputs();
      const int columns = layer.projection.inputs();
      const std::string name = absl::StrCat("convolution", i);
      layout.push_back({name + ".weights", layer.weights, rows, columns});
      layout.push_back(
          {name + ".bias", layer.weights + rows * columns, rows, 1});
    }
    controller_->AddLayout(num_weights_, &layout);
    return layout;
  }

  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters());
    theta.head(num_weights_).setZero();
    for (const Layer& layer : layers_) {
      // Half of what a rectifier gets is lost.
      const double deviation = std::sqrt(2.0 / layer.projection.inputs());
      const int size = layer.projection.outputs() * layer.projection.inputs();
      for (int i = 0; i < size; ++i) {
        theta[layer.weights + i] = static_cast<float>(rng.Normal() * deviation);
      }
    }
    controller_->InitialParameters(&rng, theta.data() + num_weights_);
  }

  void SetParameters(ConstVectorRef theta) override {
    CHECK_EQ(theta.size(), num_parameters());
    for (Layer& layer : layers_) {
      const int rows = layer.projection.outputs();
      const float* const weights = theta.data() + layer.weights;
      layer.projection.SetParameters(
          0, rows, weights, weights + rows * layer.projection.inputs());
    }
    controller_->SetParameters(theta.data() + num_weights_);
  }

  void Reset() override { controller_->Reset(); }

  void Act(const Observation& observation, VectorRef action) override {
    CHECK_EQ(observation.state.size(), state_size_);
    frame_.Reset();
    frame_.Push(observation.image);
    const float* below = frame_.frame(0);
    for (Layer& layer : layers_) {
      layer.projection.Project({&below, 1}, layer.map.data());
      // NaN stays NaN.
      for (float& x : layer.map) x = x < 0 ? 0 : x;
      below = layer.map.data();
    }
    const std::vector<float>& last = layers_.back().map;
    float* const to = std::copy(last.begin(), last.end(), seen_.data());
    std::copy(observation.state.data(), observation.state.data() + state_size_,
              to);
    controller_->Act(seen_.data(), raw_.data());
    head_.Apply(raw_, action);
  }

  absl::Status Export(v1::ExportedPolicy* model) const override {
    return absl::UnimplementedError(
        "policy.convolution reads images, and exported policies read states"
        " alone");
  }

  PolicyCost Cost() const override {
    PolicyCost cost;
    for (const Layer& layer : layers_) {
      const int64_t weights =
          int64_t{layer.projection.outputs()} * layer.projection.inputs();
      cost.weights += weights;
      cost.biases += layer.projection.outputs();
      cost.multiply_adds += weights * layer.grid.size();
      cost.units += static_cast<int64_t>(layer.map.size());
    }
    cost.chosen_edges = cost.weights;
    controller_->AddCost(&cost);
    cost.bits = 32 * (cost.weights + cost.biases);
    return cost;
  }

 private:
  struct Layer {
    PatchGrid grid;
    PatchProjection projection;
    int weights;  // offset in theta
    // [rows, columns, channels]
    std::vector<float> map;
  };

  Convolution(const v1::EnvSpec& spec, ActionHead head)
      : state_size_(static_cast<int>(spec.state_size())),
        head_(std::move(head)),
        frame_(1, int64_t{spec.image_height()} * spec.image_width() *
                      spec.image_channels()),
        raw_(head_.raw_size()) {}

  void AddLayer(const PatchGrid& grid, int channels) {
    layers_.push_back(
        {grid, PatchProjection(grid, 1, false, channels), num_weights_,
         std::vector<float>(static_cast<size_t>(grid.size()) * channels)});
    num_weights_ += channels * (layers_.back().projection.inputs() + 1);
  }

  const int state_size_;
  const ActionHead head_;
  FrameStack frame_;
  std::vector<Layer> layers_;
  // Of all convolutions.
  int num_weights_ = 0;
  std::optional<ControllerNet> controller_;
  std::vector<float> seen_;
  Eigen::VectorXf raw_;
};

STARLING_REGISTER_POLICY(convolution, Convolution::Create);

}  // namespace
}  // namespace starling
