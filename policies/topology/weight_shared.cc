// Fully connected layers whose edges share few weights: `weight_shared`.
//
// theta holds the values, then a bias for each unit. The network is dense: an
// Act costs one multiply-add an edge, but few numbers are kept and learned.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "policies/topology/sparse_policy.h"

namespace starling {
namespace {

// Values of one layer's matrix [units, inputs] that is constant along its
// diagonals.
int NumDiagonals(bool wraps, int units, int inputs) {
  return wraps ? std::max(units, inputs) : units + inputs - 1;
}

int Diagonal(bool wraps, int units, int inputs, int to, int from) {
  const int n = std::max(units, inputs);
  return wraps ? (to - from + n) % n : to - from + inputs - 1;
}

absl::StatusOr<std::unique_ptr<Policy>> Create(const v1::PolicyConfig& config,
                                               const v1::EnvSpec& spec) {
  const v1::WeightShared& options = config.weight_shared();
  const v1::Mlp& mlp = options.mlp();
  if (options.space_case() == v1::WeightShared::SPACE_NOT_SET) {
    return absl::InvalidArgumentError(
        "policy.weight_shared says not how; set one of partition { "
        "num_weights: M }, toeplitz {}, circulant {}");
  }
  ASSIGN_OR_RETURN(Layers layers, PlanLayers(config, spec, mlp));
  if (layers.num_edges() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("policy.weight_shared has no edge: ", spec.name(),
                     " shows no state, and there are no hidden units"));
  }
  LayeredGraph full = FullGraph(layers, mlp);
  const auto num_edges = static_cast<int>(full.graph.edges.size());

  // Blocks of shared values, and whose is which.
  ParameterLayout layout;
  std::vector<float> deviation;
  std::vector<int> fixed;  // weight of each edge, where nothing is searched
  v1::SearchSpace space;
  const bool is_partition = options.has_partition();
  const auto m = static_cast<int>(options.partition().num_weights());
  if (is_partition) {
    v1::Decision* decision = space.add_decisions();
    decision->set_name("weights");
    decision->mutable_one_of()->set_num_candidates(m);
    decision->mutable_one_of()->set_count(num_edges);
    layout.push_back({"weights", 0, m, 1});
    double mean_inputs = 0;
    for (int i = 0; i < layers.num_layers(); ++i) {
      mean_inputs +=
          static_cast<double>(layers.inputs(i)) / layers.num_layers();
    }
    deviation.assign(
        m, static_cast<float>(1 / std::sqrt(std::max(mean_inputs, 1.0))));
  } else {
    const bool wraps = options.has_circulant();
    for (int i = 0; i < layers.num_layers(); ++i) {
      const int units = layers.units(i), inputs = layers.inputs(i);
      if (inputs == 0) continue;
      const auto first = static_cast<int>(deviation.size());
      const int n = NumDiagonals(wraps, units, inputs);
      layout.push_back({absl::StrCat("layer", i, ".weights"), first, n, 1});
      deviation.resize(first + n, static_cast<float>(layers.initial_deviation(
                                      i, mlp.output_scale())));
      for (int to = 0; to < units; ++to) {
        for (int from = 0; from < inputs; ++from) {
          fixed.push_back(first + Diagonal(wraps, units, inputs, to, from));
        }
      }
    }
  }
  int next = static_cast<int>(deviation.size());
  if (layers.has_bias) {
    int unit = 0;
    for (int i = 0; i < layers.num_layers(); ++i) {
      layout.push_back(
          {absl::StrCat("layer", i, ".bias"), next, layers.units(i), 1});
      for (int j = 0; j < layers.units(i); ++j) {
        full.graph.biases[unit++] = next++;
      }
    }
    deviation.resize(next, 0);
  }
  ASSIGN_OR_RETURN(SearchSpace made, SearchSpace::Create(std::move(space)));

  SparseParts parts{.layers = std::move(layers),
                    .layout = std::move(layout),
                    .initial_deviation = std::move(deviation),
                    .space = std::move(made),
                    .graph = {},
                    .structure_bits = {},
                    .importances = nullptr};
  parts.graph = [full = std::move(full.graph), fixed = std::move(fixed),
                 m](const Choices* choices) {
    NetGraph graph = full;
    for (size_t i = 0; i < graph.edges.size(); ++i) {
      // Without a search, values take turns.
      graph.edges[i].weight = !fixed.empty()       ? fixed[i]
                              : choices != nullptr ? (*choices)[0][i]
                                                   : static_cast<int>(i) % m;
    }
    return graph;
  };
  const double bits = is_partition ? std::ceil(std::log2(m)) : 0;
  parts.structure_bits = [bits](const SparseNet& net) {
    return bits * net.num_live_edges();
  };
  return std::unique_ptr<Policy>(new SparsePolicy(std::move(parts)));
}

STARLING_REGISTER_POLICY(weight_shared, Create);

}  // namespace
}  // namespace starling
