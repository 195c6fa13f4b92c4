// A feed-forward network of which only some edges exist.
//
// Nodes are numbered inputs first, then hidden nodes, then outputs; an edge
// goes from a lower number to a higher one. A node is the sum of its inputs, in
// ascending order, and its bias; a hidden node then applies its operation. What
// no input can reach is a constant and is folded into what it feeds; what no
// output can see is left out: an evaluation costs one multiply-add a live edge.
//
// Not thread-safe: owns its scratch.
#ifndef STARLING_POLICIES_TOPOLOGY_SPARSE_NET_H_
#define STARLING_POLICIES_TOPOLOGY_SPARSE_NET_H_

#include <vector>

#include "policies/live_network.h"
#include "proto/model.pb.h"
#include "proto/policy.pb.h"

namespace starling {

struct NetGraph {
  // Edges may share a weight.
  using Edge = LiveNetwork::Edge;

  int num_nodes() const { return num_inputs + num_hidden + num_outputs; }

  int num_inputs = 0;
  int num_hidden = 0;
  int num_outputs = 0;
  std::vector<Edge> edges = {};
  std::vector<v1::NodeOperation> operations = {};  // [num_hidden]
  // Indices in theta, -1: none. [num_hidden + num_outputs]
  std::vector<int> biases = {};
};

class SparseNet {
 public:
  // Takes a graph. CHECK-fails if it is not one. O(nodes + edges), allocates.
  void Compile(const NetGraph& graph);

  // Reads what lives from theta, and computes the constants. No allocation.
  void SetParameters(const float* theta);
  // inputs [num_inputs] -> outputs [num_outputs]. No allocation.
  void Evaluate(const float* inputs, float* outputs);

  // Appends what is left, at the parameters that are set, as layers.
  void Export(v1::ExportedPolicy* model) const;
  // What is left.
  const LiveNetwork& network() const { return live_; }
  int num_live_edges() const { return static_cast<int>(terms_.size()); }
  // Indices in theta that live edges and nodes use, ascending, each once.
  const std::vector<int>& live_weights() const { return live_weights_; }
  const std::vector<int>& live_biases() const { return live_biases_; }

 private:
  // A product in a sum.
  struct Term {
    int value;   // index in values_
    int weight;  // index in theta
  };
  struct Row {
    int bias;                  // index in theta, -1: none
    int first_term, end_term;  // in terms_
    int first_fold, end_fold;  // in folds_
  };
  // Consecutive rows with one operation that do not feed each other.
  struct Group {
    int first_row, end_row;
    v1::NodeOperation operation;
  };
  // A node that is the same whatever the inputs.
  struct Constant {
    v1::NodeOperation operation;
    int bias;
    int first_term, end_term;  // in constant_terms_; values are constants
  };

  void CollectLive();

  int num_inputs_ = 0;
  LiveNetwork live_;
  std::vector<int> live_weights_, live_biases_;
  std::vector<Row> rows_;  // as live_.nodes
  std::vector<Group> groups_;
  std::vector<Term> terms_;
  std::vector<Term> folds_;  // from constants into rows
  std::vector<Constant> constants_;
  std::vector<Term> constant_terms_;
  std::vector<float> weights_;  // as terms_
  std::vector<float> offsets_;  // as rows_: bias and folded constants
  std::vector<float> constant_values_;
  std::vector<float> values_;  // inputs, then rows
};

}  // namespace starling

#endif  // STARLING_POLICIES_TOPOLOGY_SPARSE_NET_H_
