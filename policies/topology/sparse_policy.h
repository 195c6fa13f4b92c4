// A policy whose network is a graph over theta that an architecture chooses.
//
// What the plug-ins of this folder share: each says which graphs there are.
#ifndef STARLING_POLICIES_TOPOLOGY_SPARSE_POLICY_H_
#define STARLING_POLICIES_TOPOLOGY_SPARSE_POLICY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "policies/layers.h"
#include "policies/policy.h"
#include "policies/topology/sparse_net.h"

namespace starling {

struct SparseParts {
  Layers layers;
  ParameterLayout layout;
  // Deviation of each parameter at the start; [d].
  std::vector<float> initial_deviation;
  SearchSpace space;
  // The graph of an element of the space; of null, that without a search.
  std::function<NetGraph(const Choices*)> graph;
  // Bits that say which of the graphs it is, of one whose live edges are these.
  std::function<double(const SparseNet&)> structure_bits;
  // As Policy::Importances; none: there is no such thing.
  std::function<std::vector<std::vector<double>>(const Eigen::VectorXf& theta)>
      importances = nullptr;
};

class SparsePolicy : public Policy {
 public:
  explicit SparsePolicy(SparseParts parts);

  int num_parameters() const override {
    return static_cast<int>(parts_.initial_deviation.size());
  }
  ParameterLayout layout() const override { return parts_.layout; }
  void InitialParameters(Rng rng, VectorRef theta) const override;
  const SearchSpace& search_space() const override { return parts_.space; }
  absl::Status SetArchitecture(const v1::Architecture& architecture) override;
  absl::StatusOr<std::vector<std::vector<double>>> Importances(
      ConstVectorRef theta) const override;
  std::vector<int> ActiveParameters() const override;
  void SetParameters(ConstVectorRef theta) override;
  void Act(const Observation& observation, VectorRef action) override;
  absl::Status Export(v1::ExportedPolicy* model) const override;
  PolicyCost Cost() const override;
  const LiveNetwork* network() const override { return &net_.network(); }

 private:
  void Compile(const Choices* choices);

  const SparseParts parts_;
  // That the network was compiled for: often asked for twice in a row.
  std::string encoding_;
  int64_t chosen_edges_ = 0;
  SparseNet net_;
  Eigen::VectorXf raw_;
};

// The edges and biases of fully connected layers, each with a weight of its
// own.
struct LayeredGraph {
  // All edges into one unit after the other, as the rows of a weight matrix.
  NetGraph graph;
  // First edge into each layer, and the number of edges.
  std::vector<int> first_edge;
  // "layer0.weights", "layer0.bias", ...
  ParameterLayout layout;
  std::vector<float> initial_deviation;
};
// Between consecutive layers, or with `skips` from any layer to any later one.
LayeredGraph FullGraph(const Layers& layers, const v1::Mlp& mlp,
                       bool skips = false);

// PlanLayers for the `mlp` of a policy of this folder.
absl::StatusOr<Layers> PlanLayers(const v1::PolicyConfig& config,
                                  const v1::EnvSpec& spec, const v1::Mlp& mlp);

}  // namespace starling

#endif  // STARLING_POLICIES_TOPOLOGY_SPARSE_POLICY_H_
