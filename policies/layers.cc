#include "policies/layers.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

// 1 GiB of floats.
constexpr int64_t kMaxParameters = int64_t{1} << 28;

}  // namespace

int64_t Layers::num_edges() const {
  int64_t edges = 0;
  for (int i = 0; i < num_layers(); ++i) edges += int64_t{units(i)} * inputs(i);
  return edges;
}

double Layers::initial_deviation(int layer, double output_scale) const {
  return (layer + 1 == num_layers() ? output_scale : 1.0) /
         std::sqrt(std::max(inputs(layer), 1));
}

absl::StatusOr<Layers> PlanLayers(const v1::PolicyConfig& config,
                                  const v1::EnvSpec& spec,
                                  const std::vector<int>& hidden,
                                  bool has_bias) {
  ASSIGN_OR_RETURN(ActionHead head, ActionHead::Create(config.action(), spec));
  const std::string kind = PolicyRegistry::KindOf(config);
  if (spec.state_size() == 0 && spec.image_height() > 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "policy.", kind, " reads a state, but ", spec.name(),
        " shows only images (", spec.image_height(), " x ", spec.image_width(),
        " x ", spec.image_channels(),
        "); use a policy that reads images, such as implicit_attention, or an "
        "environment with a state"));
  }
  if (spec.state_size() == 0 && !has_bias) {
    return absl::InvalidArgumentError(absl::StrCat(
        "policy.", kind, ".bias is false, but ", spec.name(),
        " shows no state: nothing could be learned; set bias: true"));
  }

  Layers layers{.head = std::move(head),
                .sizes = {static_cast<int>(spec.state_size())},
                .has_bias = has_bias};
  layers.sizes.insert(layers.sizes.end(), hidden.begin(), hidden.end());
  layers.sizes.push_back(layers.head.raw_size());
  int64_t num_parameters = layers.num_edges();
  for (int i = 0; i < layers.num_layers(); ++i) {
    num_parameters += has_bias ? layers.units(i) : 0;
  }
  if (num_parameters > kMaxParameters) {
    return absl::InvalidArgumentError(absl::StrCat(
        "policy.", kind, " on ", spec.name(), " would have ", num_parameters,
        " parameters, more than ", kMaxParameters, "; use fewer hidden units"));
  }
  return layers;
}

v1::NodeOperation OperationOf(v1::Mlp::Activation activation) {
  switch (activation) {
    case v1::Mlp::TANH:
      return v1::NODE_TANH;
    case v1::Mlp::RELU:
      return v1::NODE_RELU;
    case v1::Mlp::SIGMOID:
      return v1::NODE_SIGMOID;
  }
  LOG(FATAL) << "unknown activation " << activation;
  return v1::NODE_IDENTITY;
}

}  // namespace starling
