#include "policies/topology/sparse_policy.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {

SparsePolicy::SparsePolicy(SparseParts parts)
    : parts_(std::move(parts)),
      raw_(Eigen::VectorXf::Zero(parts_.layers.head.raw_size())) {
  Compile(nullptr);
}

void SparsePolicy::Compile(const Choices* choices) {
  const NetGraph graph = parts_.graph(choices);
  chosen_edges_ = static_cast<int64_t>(graph.edges.size());
  net_.Compile(graph);
}

void SparsePolicy::InitialParameters(Rng rng, VectorRef theta) const {
  CHECK_EQ(theta.size(), num_parameters());
  for (int i = 0; i < num_parameters(); ++i) {
    const float deviation = parts_.initial_deviation[i];
    theta[i] = deviation == 0
                   ? 0
                   : static_cast<float>(rng.Normal() * double{deviation});
  }
}

absl::Status SparsePolicy::SetArchitecture(
    const v1::Architecture& architecture) {
  if (architecture.encoding().empty()) {
    if (!encoding_.empty()) Compile(nullptr);
    encoding_.clear();
    return absl::OkStatus();
  }
  if (architecture.space() == parts_.space.fingerprint() &&
      architecture.encoding() == encoding_) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Choices choices, parts_.space.Decode(architecture));
  Compile(&choices);
  encoding_ = architecture.encoding();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<double>>> SparsePolicy::Importances(
    ConstVectorRef theta) const {
  if (parts_.importances == nullptr) return Policy::Importances(theta);
  return parts_.importances(theta);
}

std::vector<int> SparsePolicy::ActiveParameters() const {
  std::vector<int> active;
  std::set_union(net_.live_weights().begin(), net_.live_weights().end(),
                 net_.live_biases().begin(), net_.live_biases().end(),
                 std::back_inserter(active));
  return active;
}

void SparsePolicy::SetParameters(ConstVectorRef theta) {
  CHECK_EQ(theta.size(), num_parameters());
  net_.SetParameters(theta.data());
}

void SparsePolicy::Act(const Observation& observation, VectorRef action) {
  CHECK_EQ(observation.state.size(), parts_.layers.sizes.front());
  net_.Evaluate(observation.state.data(), raw_.data());
  parts_.layers.head.Apply(raw_, action);
}

absl::Status SparsePolicy::Export(v1::ExportedPolicy* model) const {
  net_.Export(model);
  parts_.layers.head.Export(model->mutable_head());
  return absl::OkStatus();
}

PolicyCost SparsePolicy::Cost() const {
  PolicyCost cost;
  cost.weights = static_cast<int64_t>(net_.live_weights().size());
  cost.biases = static_cast<int64_t>(net_.live_biases().size());
  cost.multiply_adds = net_.num_live_edges();
  cost.units = static_cast<int64_t>(net_.network().nodes.size());
  cost.chosen_edges = chosen_edges_;
  cost.bits = 32 * (cost.weights + cost.biases) +
              static_cast<int64_t>(std::ceil(parts_.structure_bits(net_)));
  return cost;
}

LayeredGraph FullGraph(const Layers& layers, const v1::Mlp& mlp, bool skips) {
  LayeredGraph full;
  NetGraph& graph = full.graph;
  graph.num_inputs = layers.sizes.front();
  graph.num_outputs = layers.sizes.back();
  for (int i = 0; i + 1 < layers.num_layers(); ++i) {
    graph.num_hidden += layers.units(i);
  }
  graph.operations.assign(graph.num_hidden, OperationOf(mlp.activation()));
  int offset = 0, first_to = 0;
  for (int i = 0; i < layers.num_layers(); ++i) {
    const int units = layers.units(i);
    const int first_from = skips ? 0 : first_to;
    first_to += layers.inputs(i);
    const int inputs = first_to - first_from;
    const bool is_last = i + 1 == layers.num_layers();
    full.first_edge.push_back(static_cast<int>(graph.edges.size()));
    for (int to = 0; to < units; ++to) {
      for (int from = 0; from < inputs; ++from) {
        graph.edges.push_back(
            {first_from + from, first_to + to, offset + to * inputs + from});
      }
    }
    if (inputs > 0) {
      full.layout.push_back(
          {absl::StrCat("layer", i, ".weights"), offset, units, inputs});
    }
    offset += units * inputs;
    full.initial_deviation.resize(
        offset, static_cast<float>((is_last ? mlp.output_scale() : 1.0) /
                                   std::sqrt(std::max(inputs, 1))));
    for (int to = 0; to < units; ++to) {
      graph.biases.push_back(layers.has_bias ? offset + to : -1);
    }
    if (layers.has_bias) {
      full.layout.push_back(
          {absl::StrCat("layer", i, ".bias"), offset, units, 1});
      offset += units;
      full.initial_deviation.resize(offset, 0);
    }
  }
  full.first_edge.push_back(static_cast<int>(graph.edges.size()));
  return full;
}

absl::StatusOr<Layers> PlanLayers(const v1::PolicyConfig& config,
                                  const v1::EnvSpec& spec, const v1::Mlp& mlp) {
  return PlanLayers(config, spec, {mlp.hidden().begin(), mlp.hidden().end()},
                    mlp.bias());
}

}  // namespace starling
