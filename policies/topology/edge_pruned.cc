// Fully connected layers of which a search keeps only some edges:
// `edge_pruned`.
//
// theta holds a weight for each edge that may live and a bias for each unit,
// whatever the architecture. Initial weights have the deviation that a unit
// with the expected number of live edges needs. An Act costs one multiply-add a
// live edge.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/status.h"
#include "policies/topology/sparse_policy.h"

namespace starling {
namespace {

constexpr double kHalfPi = 1.5707963267948966;
constexpr char kEdges[] = "edges";
constexpr char kOperations[] = "operations";

absl::Status CheckEdges(const std::string& field, int64_t edges, int64_t most) {
  if (edges >= 1 && edges <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("policy.edge_pruned.", field, " must be 1 to ", most,
                   ", the edges that there are; got ", edges));
}

void AddSet(const std::string& name, int64_t k, int64_t n,
            v1::SearchSpace* space) {
  v1::Decision* decision = space->add_decisions();
  decision->set_name(name);
  decision->mutable_many_of()->set_k(static_cast<uint32_t>(k));
  decision->mutable_many_of()->set_num_candidates(static_cast<uint32_t>(n));
}

// `count` of the n edges, the same for the same seed.
std::vector<int32_t> DrawEdges(int64_t count, int64_t n, uint64_t seed) {
  std::vector<int32_t> edges(n);
  std::iota(edges.begin(), edges.end(), 0);
  Rng rng(DeriveSeed(seed, Stream::kPolicyInit, 0, 1, 0));
  for (int64_t i = 0; i < count; ++i) {
    std::swap(edges[i], edges[i + rng.Below(static_cast<uint32_t>(n - i))]);
  }
  edges.resize(count);
  return edges;
}

// What an edge is worth: the effect of the strongest path that it is on, from
// one coordinate of the state, of unit deviation, to one of the action, shared
// among the path's edges, since it takes all of them. The effect is the product
// of the sizes of its weights and of the slopes of its hidden units: a unit
// passes on the less the more it saturates, by the mean slope of a sigmoidal
// function of a normal sum.
std::vector<double> EdgeImportances(const NetGraph& graph,
                                    const Eigen::VectorXf& theta) {
  struct Path {
    double effect = 0;
    int edges = 0;
  };
  const int first_output = graph.num_inputs + graph.num_hidden;
  const auto size = [&theta](const NetGraph::Edge& edge) {
    return std::fabs(double{theta[edge.weight]});
  };
  const auto join = [](const Path& path, double factor) {
    return Path{path.effect * factor, path.edges + 1};
  };
  const auto improve = [](const Path& path, Path* best) {
    if (path.effect > best->effect) *best = path;
  };
  // Edges are in the order of the units that they feed.
  std::vector<double> variance(graph.num_nodes(), 0.0);
  std::fill_n(variance.begin(), graph.num_inputs, 1.0);
  for (const NetGraph::Edge& edge : graph.edges) {
    variance[edge.to] +=
        size(edge) * size(edge) * std::min(variance[edge.from], 1.0);
  }
  const auto slope = [&](int node) {
    return node < first_output ? 1 / std::sqrt(1 + kHalfPi * variance[node])
                               : 1.0;
  };
  // The strongest from a coordinate of the state, and to one of the action.
  std::vector<Path> before(graph.num_nodes()), after(graph.num_nodes());
  std::fill_n(before.begin(), graph.num_inputs, Path{1, 0});
  std::fill(after.begin() + first_output, after.end(), Path{1, 0});
  for (const NetGraph::Edge& edge : graph.edges) {
    improve(join(before[edge.from], size(edge) * slope(edge.to)),
            &before[edge.to]);
  }
  for (auto edge = graph.edges.rbegin(); edge != graph.edges.rend(); ++edge) {
    improve(join(after[edge->to], size(*edge) * slope(edge->to)),
            &after[edge->from]);
  }
  std::vector<double> importances;
  for (const NetGraph::Edge& edge : graph.edges) {
    const Path through = join(
        before[edge.from], size(edge) * slope(edge.to) * after[edge.to].effect);
    importances.push_back(through.effect /
                          (through.edges + after[edge.to].edges));
  }
  return importances;
}

// Which edges an architecture keeps, by their index in the full graph.
class Selection {
 public:
  // Fills `space` with the decisions on edges. `share`: of the edges of each
  // layer, those that are expected to live.
  static absl::StatusOr<Selection> Create(const v1::EdgePruned& config,
                                          const LayeredGraph& full,
                                          v1::SearchSpace* space,
                                          std::vector<double>* share) {
    const auto n = static_cast<int64_t>(full.graph.edges.size());
    const size_t num_layers = full.first_edge.size() - 1;
    Selection selection;
    selection.first_edge_ = full.first_edge;
    const auto take_of_all = [&](int64_t k) {
      share->assign(num_layers, static_cast<double>(k) / n);
    };
    switch (config.space_case()) {
      case v1::EdgePruned::kGlobal: {
        const int64_t k = config.global().edges();
        RETURN_IF_ERROR(CheckEdges("global.edges", k, n));
        AddSet(kEdges, k, n, space);
        take_of_all(k);
        break;
      }
      case v1::EdgePruned::kResidual: {
        const int64_t k = config.residual().edges();
        RETURN_IF_ERROR(CheckEdges("residual.edges", k, n));
        AddSet(kEdges, k, n, space);
        take_of_all(k);
        break;
      }
      case v1::EdgePruned::kPerLayer: {
        const auto& edges = config.per_layer().edges();
        if (static_cast<size_t>(edges.size()) != num_layers) {
          return absl::InvalidArgumentError(absl::StrCat(
              "policy.edge_pruned.per_layer.edges needs a number for each of "
              "the ",
              num_layers, " layers, got ", edges.size()));
        }
        for (size_t i = 0; i < num_layers; ++i) {
          const int64_t candidates =
              full.first_edge[i + 1] - full.first_edge[i];
          RETURN_IF_ERROR(CheckEdges(absl::StrCat("per_layer.edges[", i, "]"),
                                     edges[i], candidates));
          AddSet(absl::StrCat("layer", i, "/", kEdges), edges[i], candidates,
                 space);
          share->push_back(static_cast<double>(edges[i]) / candidates);
        }
        break;
      }
      case v1::EdgePruned::kMask: {
        v1::Decision* decision = space->add_decisions();
        decision->set_name(kEdges);
        decision->mutable_boolean()->set_count(static_cast<uint32_t>(n));
        share->assign(num_layers, 0.5);
        selection.is_mask_ = true;
        break;
      }
      case v1::EdgePruned::kRandom: {
        const int64_t k = config.random().edges();
        RETURN_IF_ERROR(CheckEdges("random.edges", k, n));
        selection.fixed_ = DrawEdges(k, n, config.random().seed());
        take_of_all(k);
        break;
      }
      case v1::EdgePruned::SPACE_NOT_SET:
        return absl::InvalidArgumentError(
            "policy.edge_pruned says not which edges may live; set one of "
            "global { edges: K }, per_layer { edges: K .. }, residual { edges: "
            "K }, mask {}, random { edges: K }");
    }
    selection.num_decisions_ = space->decisions_size();
    return selection;
  }

  // `all` split among the sets.
  std::vector<std::vector<double>> OfSets(
      const std::vector<double>& all) const {
    if (num_decisions_ == 1) return {all};
    std::vector<std::vector<double>> sets;
    for (int i = 0; i < num_decisions_; ++i) {
      sets.emplace_back(all.begin() + first_edge_[i],
                        all.begin() + first_edge_[i + 1]);
    }
    return sets;
  }

  // `choices` is null: as without a search.
  std::vector<NetGraph::Edge> Of(const std::vector<NetGraph::Edge>& all,
                                 const Choices* choices) const {
    std::vector<NetGraph::Edge> kept;
    if (!fixed_.empty()) {
      for (const int32_t edge : fixed_) kept.push_back(all[edge]);
      return kept;
    }
    if (choices == nullptr) return all;
    if (is_mask_) {
      const std::vector<int32_t>& lives = choices->front();
      for (size_t i = 0; i < all.size(); ++i) {
        if (lives[i] != 0) kept.push_back(all[i]);
      }
      return kept;
    }
    for (int i = 0; i < num_decisions_; ++i) {
      const int first = num_decisions_ == 1 ? 0 : first_edge_[i];
      for (const int32_t edge : (*choices)[i]) {
        kept.push_back(all[first + edge]);
      }
    }
    return kept;
  }

  int num_decisions() const { return num_decisions_; }
  bool is_fixed() const { return !fixed_.empty(); }
  // Whether edges are chosen as sets.
  bool has_sets() const { return !is_mask_ && fixed_.empty(); }

 private:
  std::vector<int> first_edge_;
  std::vector<int32_t> fixed_;
  bool is_mask_ = false;
  int num_decisions_ = 0;
};

absl::StatusOr<std::unique_ptr<Policy>> Create(const v1::PolicyConfig& config,
                                               const v1::EnvSpec& spec) {
  const v1::EdgePruned& options = config.edge_pruned();
  ASSIGN_OR_RETURN(Layers layers, PlanLayers(config, spec, options.mlp()));
  if (layers.num_edges() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("policy.edge_pruned has no edge to prune: ", spec.name(),
                     " shows no state, and there are no hidden units"));
  }
  LayeredGraph full =
      FullGraph(layers, options.mlp(), /*skips=*/options.has_residual());
  v1::SearchSpace space;
  std::vector<double> share;
  ASSIGN_OR_RETURN(const Selection selection,
                   Selection::Create(options, full, &space, &share));
  for (size_t i = 0; i < full.graph.edges.size(); ++i) {
    size_t layer = 0;
    while (static_cast<int>(i) >= full.first_edge[layer + 1]) ++layer;
    full.initial_deviation[full.graph.edges[i].weight] /=
        static_cast<float>(std::sqrt(share[layer]));
  }

  std::vector<v1::NodeOperation> operations;
  for (const int operation : options.operations()) {
    operations.push_back(static_cast<v1::NodeOperation>(operation));
  }
  if (!operations.empty()) {
    if (full.graph.num_hidden == 0) {
      return absl::InvalidArgumentError(
          "policy.edge_pruned.operations are for hidden units, and mlp.hidden "
          "has none");
    }
    v1::Decision* decision = space.add_decisions();
    decision->set_name(kOperations);
    v1::OneOf* one_of = decision->mutable_one_of();
    one_of->set_num_candidates(static_cast<uint32_t>(operations.size()));
    one_of->set_count(static_cast<uint32_t>(full.graph.num_hidden));
    for (const v1::NodeOperation operation : operations) {
      one_of->add_names(v1::NodeOperation_Name(operation).substr(5));
    }
  }
  ASSIGN_OR_RETURN(SearchSpace made, SearchSpace::Create(std::move(space)));

  SparseParts parts{.layers = std::move(layers),
                    .layout = std::move(full.layout),
                    .initial_deviation = std::move(full.initial_deviation),
                    .space = std::move(made),
                    .graph = {},
                    .structure_bits = {},
                    .importances = nullptr};
  const auto n = static_cast<double>(full.graph.edges.size());
  const int num_outputs = full.graph.num_outputs;
  const double operation_bits =
      operations.empty() ? 0 : std::ceil(std::log2(operations.size()));
  const bool is_fixed = selection.is_fixed();
  if (selection.has_sets() && operations.empty()) {
    parts.importances = [full = full.graph,
                         selection](const Eigen::VectorXf& theta) {
      return selection.OfSets(EdgeImportances(full, theta));
    };
  }
  parts.graph = [full = std::move(full.graph), selection,
                 operations](const Choices* choices) {
    NetGraph graph = full;
    graph.edges = selection.Of(full.edges, choices);
    if (choices != nullptr && !operations.empty()) {
      const std::vector<int32_t>& chosen =
          (*choices)[selection.num_decisions()];
      for (int i = 0; i < graph.num_hidden; ++i) {
        graph.operations[i] = operations[chosen[i]];
      }
    }
    return graph;
  };
  parts.structure_bits = [=](const SparseNet& net) {
    const double units =
        static_cast<double>(net.network().nodes.size()) - num_outputs;
    return (is_fixed ? 0 : Log2Binomial(n, net.num_live_edges())) +
           operation_bits * units;
  };
  return std::unique_ptr<Policy>(new SparsePolicy(std::move(parts)));
}

STARLING_REGISTER_POLICY(edge_pruned, Create);

}  // namespace
}  // namespace starling
