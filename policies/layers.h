// The shape of fully connected layers between an environment's state and a
// policy's action head: what every layered policy shares.
#ifndef STARLING_POLICIES_LAYERS_H_
#define STARLING_POLICIES_LAYERS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "policies/action_head.h"
#include "policies/policy.h"

namespace starling {

struct Layers {
  int num_layers() const { return static_cast<int>(sizes.size()) - 1; }
  int inputs(int layer) const { return sizes[layer]; }
  int units(int layer) const { return sizes[layer + 1]; }
  // Edges into all layers.
  int64_t num_edges() const;
  // N(0, 1 / fan-in), the last layer's times `output_scale`.
  double initial_deviation(int layer, double output_scale) const;

  ActionHead head;
  // Of the state, the hidden layers and the head's raw action.
  std::vector<int> sizes;
  bool has_bias;
};

// InvalidArgument, naming policy.<kind>: the environment shows no state, or the
// layers would be too large, or the action head refuses.
absl::StatusOr<Layers> PlanLayers(const v1::PolicyConfig& config,
                                  const v1::EnvSpec& spec,
                                  const std::vector<int>& hidden,
                                  bool has_bias);

v1::NodeOperation OperationOf(v1::Mlp::Activation activation);

}  // namespace starling

#endif  // STARLING_POLICIES_LAYERS_H_
