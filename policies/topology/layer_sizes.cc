// Fully connected layers whose number and widths a search chooses:
// `layer_sizes`.
//
// theta holds the matrices of the largest network; a smaller one uses their
// upper left corners. The last layer reads the deepest hidden layer that there
// is, and has one matrix for all depths.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "policies/topology/sparse_policy.h"

namespace starling {
namespace {

constexpr char kDepth[] = "depth";

void AddInteger(const std::string& name, int min, int max,
                v1::SearchSpace* space) {
  v1::Decision* decision = space->add_decisions();
  decision->set_name(name);
  decision->mutable_integer()->set_min(min);
  decision->mutable_integer()->set_max(max);
}

absl::StatusOr<std::unique_ptr<Policy>> Create(const v1::PolicyConfig& config,
                                               const v1::EnvSpec& spec) {
  const v1::LayerSizes& options = config.layer_sizes();
  const v1::Mlp& mlp = options.mlp();
  const int max_depth = mlp.hidden_size();
  const auto min_depth = static_cast<int>(options.min_depth());
  const auto min_width = static_cast<int>(options.min_width());
  if (max_depth == 0) {
    return absl::InvalidArgumentError(
        "policy.layer_sizes.mlp.hidden has no layer whose size could be "
        "chosen");
  }
  if (min_depth > max_depth) {
    return absl::InvalidArgumentError(
        absl::StrCat("policy.layer_sizes.min_depth is ", min_depth,
                     ", more than the ", max_depth, " layers of mlp.hidden"));
  }
  for (const uint32_t width : mlp.hidden()) {
    if (min_width <= static_cast<int>(width)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("policy.layer_sizes.min_width is ", min_width,
                     ", more than a layer of mlp.hidden has: ", width));
  }
  ASSIGN_OR_RETURN(Layers layers, PlanLayers(config, spec, mlp));

  // The last layer's matrix is as wide as the widest hidden layer.
  const LayeredGraph full = FullGraph(layers, mlp);
  const int widest =
      *std::max_element(mlp.hidden().begin(), mlp.hidden().end());
  const int num_outputs = layers.sizes.back();
  ParameterLayout layout = full.layout;
  std::vector<float> deviation = full.initial_deviation;
  NetGraph graph = full.graph;
  graph.edges.resize(full.first_edge[max_depth]);
  const int out_weights = full.graph.edges[full.first_edge[max_depth]].weight;
  const int grown = num_outputs * (widest - layers.inputs(max_depth));
  const std::string last_block = absl::StrCat("layer", max_depth, ".weights");
  for (ParameterBlock& block : layout) {
    if (block.name == last_block) {
      block.cols = widest;
    } else if (block.offset > out_weights) {
      block.offset += grown;
    }
  }
  deviation.insert(deviation.begin() + out_weights, grown,
                   deviation[out_weights]);
  for (int& bias : graph.biases) {
    if (bias > out_weights) bias += grown;
  }

  v1::SearchSpace space;
  AddInteger(kDepth, min_depth, max_depth, &space);
  for (int i = 0; i < max_depth; ++i) {
    AddInteger(absl::StrCat("layer", i, "/width"), min_width,
               static_cast<int>(mlp.hidden(i)), &space);
    if (i < min_depth) continue;
    v1::Condition* condition =
        space.mutable_decisions(i + 1)->mutable_only_if();
    condition->set_decision(kDepth);
    for (int depth = i + 1; depth <= max_depth; ++depth) {
      condition->add_values(depth);
    }
  }
  ASSIGN_OR_RETURN(SearchSpace made, SearchSpace::Create(std::move(space)));

  const std::vector<int> sizes = layers.sizes;
  SparseParts parts{.layers = std::move(layers),
                    .layout = std::move(layout),
                    .initial_deviation = std::move(deviation),
                    .space = std::move(made),
                    .graph = {},
                    .structure_bits = {},
                    .importances = nullptr};
  parts.graph = [=, largest = std::move(graph)](const Choices* choices) {
    const int depth = choices == nullptr ? max_depth : (*choices)[0][0];
    std::vector<int> widths(max_depth);
    for (int i = 0; i < depth; ++i) {
      widths[i] = choices == nullptr ? sizes[i + 1] : (*choices)[i + 1][0];
    }
    NetGraph chosen = largest;
    chosen.edges.clear();
    // First node of each layer.
    std::vector<int> first = {0};
    for (const int size : sizes) first.push_back(first.back() + size);
    const auto exists = [&](int node) {
      int layer = 0;
      while (node >= first[layer + 1]) ++layer;
      return layer == 0 || node - first[layer] < widths[layer - 1];
    };
    for (const NetGraph::Edge& edge : largest.edges) {
      if (edge.to < first[depth + 1] && exists(edge.from) && exists(edge.to)) {
        chosen.edges.push_back(edge);
      }
    }
    for (int to = 0; to < num_outputs; ++to) {
      for (int from = 0; from < widths[depth - 1]; ++from) {
        chosen.edges.push_back({first[depth] + from, first[max_depth + 1] + to,
                                out_weights + to * widest + from});
      }
    }
    return chosen;
  };
  parts.structure_bits = [=](const SparseNet&) {
    double bits = std::ceil(std::log2(max_depth - min_depth + 1));
    for (int i = 0; i < max_depth; ++i) {
      bits += std::ceil(std::log2(sizes[i + 1] - min_width + 1));
    }
    return bits;
  };
  return std::unique_ptr<Policy>(new SparsePolicy(std::move(parts)));
}

STARLING_REGISTER_POLICY(layer_sizes, Create);

}  // namespace
}  // namespace starling
