#include "policies/topology/sparse_net.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/log.h"
#include "policies/node_operation.h"

namespace starling {
namespace {

void SortUnique(std::vector<int>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

}  // namespace

void SparseNet::Compile(const NetGraph& graph) {
  const int n = graph.num_nodes();
  const int num_inputs = graph.num_inputs;
  const int first_output = num_inputs + graph.num_hidden;
  CHECK_EQ(static_cast<int>(graph.operations.size()), graph.num_hidden);
  CHECK_EQ(static_cast<int>(graph.biases.size()), n - num_inputs);
  num_inputs_ = num_inputs;

  // Edges into each node, by the node they come from.
  std::vector<std::vector<NetGraph::Edge>> into(n);
  for (const NetGraph::Edge& edge : graph.edges) {
    CHECK(edge.from >= 0 && edge.from < edge.to && edge.from < first_output &&
          edge.to >= num_inputs && edge.to < n)
        << edge.from << " -> " << edge.to;
    into[edge.to].push_back(edge);
  }
  for (auto& edges : into) {
    std::sort(edges.begin(), edges.end(),
              [](const auto& a, const auto& b) { return a.from < b.from; });
  }

  // On a path from an input; on a path to an output; longest way from an input.
  std::vector<bool> varies(n), matters(n);
  std::vector<int> level(n);
  std::fill(varies.begin(), varies.begin() + num_inputs, true);
  std::fill(matters.begin() + first_output, matters.end(), true);
  for (int to = num_inputs; to < n; ++to) {
    for (const NetGraph::Edge& edge : into[to]) {
      if (!varies[edge.from]) continue;
      varies[to] = true;
      level[to] = std::max(level[to], level[edge.from] + 1);
    }
  }
  for (int to = n - 1; to >= num_inputs; --to) {
    if (!matters[to]) continue;
    for (const NetGraph::Edge& edge : into[to]) matters[edge.from] = true;
  }

  constants_.clear();
  constant_terms_.clear();
  std::vector<int> constant_of(n, -1);
  for (int node = num_inputs; node < first_output; ++node) {
    if (varies[node] || !matters[node]) continue;
    constant_of[node] = static_cast<int>(constants_.size());
    const int first = static_cast<int>(constant_terms_.size());
    for (const NetGraph::Edge& edge : into[node]) {
      constant_terms_.push_back({constant_of[edge.from], edge.weight});
    }
    constants_.push_back({graph.operations[node - num_inputs],
                          graph.biases[node - num_inputs], first,
                          static_cast<int>(constant_terms_.size())});
  }

  // Rows: level by level, operation by operation; outputs last.
  const auto operation = [&](int node) {
    return node < first_output ? graph.operations[node - num_inputs]
                               : v1::NODE_IDENTITY;
  };
  std::vector<int> order;
  for (int node = num_inputs; node < first_output; ++node) {
    if (varies[node] && matters[node]) order.push_back(node);
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return level[a] != level[b] ? level[a] < level[b]
                                : operation(a) < operation(b);
  });
  for (int node = first_output; node < n; ++node) order.push_back(node);

  live_ = {num_inputs, graph.num_outputs, {}};
  rows_.clear();
  groups_.clear();
  terms_.clear();
  folds_.clear();
  std::vector<int> value_of(n, -1);
  std::iota(value_of.begin(), value_of.begin() + num_inputs, 0);
  for (const int node : order) {
    const int row = static_cast<int>(rows_.size());
    value_of[node] = num_inputs + row;
    LiveNetwork::Node live{
        node, operation(node), graph.biases[node - num_inputs], {}};
    Row compiled{live.bias, static_cast<int>(terms_.size()), 0,
                 static_cast<int>(folds_.size()), 0};
    for (const NetGraph::Edge& edge : into[node]) {
      if (varies[edge.from]) {
        terms_.push_back({value_of[edge.from], edge.weight});
        live.edges.push_back(edge);
      } else {
        folds_.push_back({constant_of[edge.from], edge.weight});
      }
    }
    compiled.end_term = static_cast<int>(terms_.size());
    compiled.end_fold = static_cast<int>(folds_.size());
    const bool begins_group = row == 0 || node == first_output ||
                              level[node] != level[live_.nodes.back().node] ||
                              operation(node) != groups_.back().operation;
    if (begins_group && node <= first_output) {
      groups_.push_back({row, row, operation(node)});
    }
    groups_.back().end_row = row + 1;
    live_.nodes.push_back(std::move(live));
    rows_.push_back(compiled);
  }

  weights_.assign(terms_.size(), 0);
  offsets_.assign(rows_.size(), 0);
  constant_values_.assign(constants_.size(), 0);
  values_.assign(num_inputs + rows_.size(), 0);
  CollectLive();
}

void SparseNet::CollectLive() {
  live_weights_.clear();
  live_biases_.clear();
  for (const Term& term : terms_) live_weights_.push_back(term.weight);
  for (const Row& row : rows_) {
    if (row.bias >= 0) live_biases_.push_back(row.bias);
  }
  SortUnique(&live_weights_);
  SortUnique(&live_biases_);
}

void SparseNet::SetParameters(const float* theta) {
  for (size_t i = 0; i < terms_.size(); ++i) {
    weights_[i] = theta[terms_[i].weight];
  }
  for (size_t i = 0; i < constants_.size(); ++i) {
    const Constant& constant = constants_[i];
    float sum = constant.bias < 0 ? 0 : theta[constant.bias];
    for (int t = constant.first_term; t < constant.end_term; ++t) {
      const Term& term = constant_terms_[t];
      sum += theta[term.weight] * constant_values_[term.value];
    }
    Apply(constant.operation, 1, &sum);
    constant_values_[i] = sum;
  }
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    float sum = row.bias < 0 ? 0 : theta[row.bias];
    for (int f = row.first_fold; f < row.end_fold; ++f) {
      sum += theta[folds_[f].weight] * constant_values_[folds_[f].value];
    }
    offsets_[i] = sum;
  }
}

void SparseNet::Evaluate(const float* inputs, float* outputs) {
  if (num_inputs_ > 0) {
    std::memcpy(values_.data(), inputs, num_inputs_ * sizeof(float));
  }
  float* const values = values_.data();
  for (const Group& group : groups_) {
    for (int i = group.first_row; i < group.end_row; ++i) {
      const Row& row = rows_[i];
      float sum = offsets_[i];
      for (int t = row.first_term; t < row.end_term; ++t) {
        sum += weights_[t] * values[terms_[t].value];
      }
      values[num_inputs_ + i] = sum;
    }
    Apply(group.operation, group.end_row - group.first_row,
          values + num_inputs_ + group.first_row);
  }
  const Group& out = groups_.back();
  std::memcpy(outputs, values + num_inputs_ + out.first_row,
              (out.end_row - out.first_row) * sizeof(float));
}

void SparseNet::Export(v1::ExportedPolicy* model) const {
  for (const Group& group : groups_) {
    v1::NetworkLayer* layer = model->add_layers();
    layer->set_rows(static_cast<uint32_t>(group.end_row - group.first_row));
    layer->set_operation(
        static_cast<v1::NetworkLayer::Operation>(group.operation));
    bool has_offsets = false;
    for (int i = group.first_row; i < group.end_row; ++i) {
      const Row& row = rows_[i];
      layer->mutable_sparse()->add_row_lengths(
          static_cast<uint32_t>(row.end_term - row.first_term));
      for (int t = row.first_term; t < row.end_term; ++t) {
        layer->mutable_sparse()->add_values(
            static_cast<uint32_t>(terms_[t].value));
        layer->mutable_weights()->mutable_float32()->add_values(weights_[t]);
      }
      has_offsets |= row.bias >= 0 || row.end_fold > row.first_fold;
    }
    layer->mutable_weights()->mutable_float32();
    if (!has_offsets) continue;
    layer->mutable_offsets()->Assign(offsets_.begin() + group.first_row,
                                     offsets_.begin() + group.end_row);
  }
}

}  // namespace starling
