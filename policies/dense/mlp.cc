// Fully connected policies: `linear` and `mlp`.
//
// Both read Observation.state. Parameters are, layer by layer, the weights
// [units, inputs] row by row and then the offsets [units]. One Act costs one
// multiply-add a weight.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/linalg.h"
#include "base/log.h"
#include "base/math.h"
#include "base/status.h"
#include "policies/action_head.h"
#include "policies/layers.h"
#include "policies/policy.h"

namespace starling {
namespace {

using Activation = v1::Mlp::Activation;

// x <- activation(x), in place. NaN stays NaN.
void Activate(Activation activation, int n, float* x) {
  switch (activation) {
    case v1::Mlp::TANH:
      Tanh(x, n, x);
      return;
    case v1::Mlp::SIGMOID:
      Sigmoid(x, n, x);
      return;
    case v1::Mlp::RELU:
      for (int i = 0; i < n; ++i) x[i] = x[i] < 0 ? 0 : x[i];
      return;
  }
  LOG(FATAL) << "unknown activation " << activation;
}

class DensePolicy : public Policy {
 public:
  // `initial_scale` multiplies the initial weights of the last layer.
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec,
      const std::vector<int>& hidden, Activation activation, bool has_bias,
      double initial_scale) {
    ASSIGN_OR_RETURN(Layers layers, PlanLayers(config, spec, hidden, has_bias));
    return std::unique_ptr<Policy>(
        new DensePolicy(std::move(layers), activation, initial_scale));
  }

  int num_parameters() const override {
    return static_cast<int>(theta_.size());
  }

  ParameterLayout layout() const override {
    ParameterLayout layout;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      if (layer.inputs > 0) {
        layout.push_back({absl::StrCat("layer", i, ".weights"), layer.weights,
                          layer.units, layer.inputs});
      }
      if (has_bias_) {
        layout.push_back(
            {absl::StrCat("layer", i, ".bias"), layer.bias, layer.units, 1});
      }
    }
    return layout;
  }

  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters());
    theta.setZero();
    for (const Layer& layer : layers_) {
      if (layer.initial_deviation == 0) continue;
      for (int i = 0; i < layer.units * layer.inputs; ++i) {
        theta[layer.weights + i] =
            static_cast<float>(rng.Normal() * layer.initial_deviation);
      }
    }
  }

  void SetParameters(ConstVectorRef theta) override {
    CHECK_EQ(theta.size(), num_parameters());
    theta_ = theta;
  }

  void Act(const Observation& observation, VectorRef action) override {
    CHECK_EQ(observation.state.size(), layers_.front().inputs);
    const float* input = observation.state.data();
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      float* output = units_[i % 2].data();
      if (has_bias_) {
        std::memcpy(output, theta_.data() + layer.bias,
                    layer.units * sizeof(float));
      }
      if (layer.inputs > 0) {
        Gemv(theta_.data() + layer.weights, input, layer.units, layer.inputs,
             has_bias_, output);
      }
      if (i + 1 < layers_.size()) Activate(activation_, layer.units, output);
      input = output;
    }
    head_.Apply(Eigen::Map<const Eigen::VectorXf>(input, head_.raw_size()),
                action);
  }

  absl::Status Export(v1::ExportedPolicy* model) const override {
    uint32_t first_value = 0;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      v1::NetworkLayer* exported = model->add_layers();
      exported->set_rows(static_cast<uint32_t>(layer.units));
      exported->set_operation(static_cast<v1::NetworkLayer::Operation>(
          i + 1 < layers_.size() ? OperationOf(activation_)
                                 : v1::NODE_IDENTITY));
      exported->mutable_dense()->set_first_value(first_value);
      exported->mutable_dense()->set_num_values(
          static_cast<uint32_t>(layer.inputs));
      first_value += static_cast<uint32_t>(layer.inputs);
      const float* const weights = theta_.data() + layer.weights;
      exported->mutable_weights()->mutable_float32()->mutable_values()->Assign(
          weights, weights + layer.units * layer.inputs);
      if (!has_bias_) continue;
      const float* const offsets = theta_.data() + layer.bias;
      exported->mutable_offsets()->Assign(offsets, offsets + layer.units);
    }
    head_.Export(model->mutable_head());
    return absl::OkStatus();
  }

  PolicyCost Cost() const override {
    PolicyCost cost;
    for (const Layer& layer : layers_) {
      cost.weights += int64_t{layer.units} * layer.inputs;
      cost.biases += has_bias_ ? layer.units : 0;
      cost.units += layer.units;
    }
    cost.multiply_adds = cost.chosen_edges = cost.weights;
    cost.bits = 32 * (cost.weights + cost.biases);
    return cost;
  }

 private:
  struct Layer {
    int inputs = 0;
    int units = 0;
    int weights = 0;  // offset in theta
    int bias = 0;     // offset in theta
    double initial_deviation = 0;
  };

  DensePolicy(Layers layers, Activation activation, double initial_scale)
      : head_(std::move(layers.head)),
        activation_(activation),
        has_bias_(layers.has_bias) {
    int offset = 0;
    for (int i = 0; i < layers.num_layers(); ++i) {
      Layer layer = {.inputs = layers.inputs(i), .units = layers.units(i)};
      layer.initial_deviation = layers.initial_deviation(i, initial_scale);
      layer.weights = offset;
      offset += layer.units * layer.inputs;
      layer.bias = offset;
      offset += has_bias_ ? layer.units : 0;
      layers_.push_back(layer);
    }
    theta_ = Eigen::VectorXf::Zero(offset);
    const int widest =
        *std::max_element(layers.sizes.begin() + 1, layers.sizes.end());
    for (Eigen::VectorXf& units : units_) units.setZero(widest);
  }

  const ActionHead head_;
  const Activation activation_;
  const bool has_bias_;
  std::vector<Layer> layers_;
  Eigen::VectorXf theta_;
  // Of the layer at work and of the one below, in turn.
  Eigen::VectorXf units_[2];
};

STARLING_REGISTER_POLICY(linear, [](const v1::PolicyConfig& config,
                                    const v1::EnvSpec& spec) {
  return DensePolicy::Create(config, spec, /*hidden=*/{}, v1::Mlp::TANH,
                             config.linear().bias(), /*initial_scale=*/0);
});

STARLING_REGISTER_POLICY(mlp, [](const v1::PolicyConfig& config,
                                 const v1::EnvSpec& spec) {
  const v1::Mlp& mlp = config.mlp();
  return DensePolicy::Create(config, spec,
                             {mlp.hidden().begin(), mlp.hidden().end()},
                             mlp.activation(), mlp.bias(), mlp.output_scale());
});

}  // namespace
}  // namespace starling
