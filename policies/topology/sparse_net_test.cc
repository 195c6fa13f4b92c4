#include "policies/topology/sparse_net.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "policies/node_operation.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

double Operate(v1::NodeOperation operation, double x) {
  switch (operation) {
    case v1::NODE_TANH:
      return std::tanh(x);
    case v1::NODE_RELU:
      return std::max(x, 0.0);
    case v1::NODE_SIGMOID:
      return 1 / (1 + std::exp(-x));
    case v1::NODE_IDENTITY:
      return x;
    case v1::NODE_EXP:
      return std::exp(std::min(x, 20.0));
    case v1::NODE_SIN:
      return std::sin(x);
    case v1::NODE_COS:
      return std::cos(x);
    case v1::NODE_ABS:
      return std::abs(x);
    case v1::NODE_SQUARE:
      return x * x;
    case v1::NODE_STEP:
      return x > 0 ? 1 : 0;
    case v1::NODE_RECIPROCAL:
      return std::clamp(1 / x, -10.0, 10.0);
  }
  return NAN;
}

// Every node, dead or not, in double.
std::vector<double> Reference(const NetGraph& graph,
                              const std::vector<float>& theta,
                              const std::vector<float>& inputs) {
  std::vector<double> value(graph.num_nodes());
  std::copy(inputs.begin(), inputs.end(), value.begin());
  for (int node = graph.num_inputs; node < graph.num_nodes(); ++node) {
    const int i = node - graph.num_inputs;
    double sum = graph.biases[i] < 0 ? 0 : theta[graph.biases[i]];
    for (const NetGraph::Edge& edge : graph.edges) {
      if (edge.to == node) sum += theta[edge.weight] * value[edge.from];
    }
    value[node] =
        i < graph.num_hidden ? Operate(graph.operations[i], sum) : sum;
  }
  return {value.end() - graph.num_outputs, value.end()};
}

// Any forward edges, sparse enough that much is dead or constant.
NetGraph RandomGraph(Rng* rng) {
  NetGraph graph{.num_inputs = static_cast<int>(rng->Below(5)),
                 .num_hidden = static_cast<int>(rng->Below(12)),
                 .num_outputs = 1 + static_cast<int>(rng->Below(4))};
  const double density = rng->Uniform(0.02, 0.6);
  int next = 0;
  const int first_output = graph.num_inputs + graph.num_hidden;
  for (int to = graph.num_inputs; to < graph.num_nodes(); ++to) {
    for (int from = 0; from < std::min(to, first_output); ++from) {
      if (rng->Uniform() >= density) continue;
      const bool shares = next > 0 && rng->Below(4) == 0;
      graph.edges.push_back(
          {from, to,
           shares ? static_cast<int>(rng->Below(static_cast<uint32_t>(next)))
                  : next++});
    }
  }
  for (int i = 0; i < graph.num_hidden; ++i) {
    // Not those that blow up rounding errors.
    graph.operations.push_back(
        std::vector{v1::NODE_TANH, v1::NODE_RELU, v1::NODE_COS, v1::NODE_ABS,
                    v1::NODE_SIGMOID, v1::NODE_IDENTITY}[rng->Below(6)]);
  }
  for (int i = 0; i < graph.num_hidden + graph.num_outputs; ++i) {
    graph.biases.push_back(rng->Below(3) == 0 ? -1 : next++);
  }
  // The order of edges must not matter.
  for (size_t i = graph.edges.size(); i > 1; --i) {
    std::swap(graph.edges[i - 1],
              graph.edges[rng->Below(static_cast<uint32_t>(i))]);
  }
  return graph;
}

std::vector<float> Normals(int n, Rng* rng) {
  std::vector<float> z(n);
  for (float& value : z) value = static_cast<float>(rng->Normal());
  return z;
}

int NumParameters(const NetGraph& graph) {
  int n = 0;
  for (const auto& edge : graph.edges) n = std::max(n, edge.weight + 1);
  for (const int bias : graph.biases) n = std::max(n, bias + 1);
  return n;
}

TEST(SparseNetTest, AnswersAsTheWholeNetworkDoesWithDeadPartsAndConstants) {
  Rng rng(1);
  SparseNet net;
  for (int trial = 0; trial < 2000; ++trial) {
    const NetGraph graph = RandomGraph(&rng);
    const std::vector<float> theta = Normals(NumParameters(graph), &rng);
    const std::vector<float> inputs = Normals(graph.num_inputs, &rng);
    std::vector<float> outputs(graph.num_outputs);
    net.Compile(graph);
    net.SetParameters(theta.data());
    net.Evaluate(inputs.data(), outputs.data());

    const std::vector<double> expected = Reference(graph, theta, inputs);
    for (int i = 0; i < graph.num_outputs; ++i) {
      // At most 12 layers of sums of at most 16 products of size ~1.
      ASSERT_NEAR(outputs[i], expected[i],
                  1e-5 * std::max(1.0, std::abs(expected[i])))
          << "trial " << trial << ", output " << i;
    }
  }
}

// By brute force: a parameter lives if it can change an output's dependence on
// an input, or is the bias of a node that does.
TEST(SparseNetTest, KeepsExactlyWhatLiesOnAPathFromAnInputToAnOutput) {
  Rng rng(2);
  SparseNet net;
  for (int trial = 0; trial < 500; ++trial) {
    const NetGraph graph = RandomGraph(&rng);
    const int n = graph.num_nodes();
    const int first_output = graph.num_inputs + graph.num_hidden;
    // reach[a][b]: there is a path.
    std::vector<std::vector<bool>> reach(n, std::vector<bool>(n));
    for (int i = 0; i < n; ++i) reach[i][i] = true;
    for (int to = 0; to < n; ++to) {
      for (const auto& edge : graph.edges) {
        if (edge.to != to) continue;
        for (int i = 0; i < n; ++i) {
          if (reach[i][edge.from]) reach[i][to] = true;
        }
      }
    }
    const auto from_input = [&](int node) {
      for (int i = 0; i < graph.num_inputs; ++i) {
        if (reach[i][node]) return true;
      }
      return false;
    };
    const auto to_output = [&](int node) {
      for (int i = first_output; i < n; ++i) {
        if (reach[node][i]) return true;
      }
      return false;
    };
    int live_edges = 0;
    for (const auto& edge : graph.edges) {
      live_edges += from_input(edge.from) && to_output(edge.to);
    }
    std::vector<int> live_nodes;
    for (int node = graph.num_inputs; node < n; ++node) {
      if (node >= first_output || (from_input(node) && to_output(node))) {
        live_nodes.push_back(node);
      }
    }

    net.Compile(graph);
    std::vector<int> kept;
    for (const auto& node : net.network().nodes) kept.push_back(node.node);
    for (int i = 0; i < graph.num_outputs; ++i) {
      EXPECT_EQ(kept[kept.size() - graph.num_outputs + i], first_output + i);
    }
    std::sort(kept.begin(), kept.end());
    ASSERT_EQ(net.num_live_edges(), live_edges) << "trial " << trial;
    ASSERT_EQ(kept, live_nodes) << "trial " << trial;
  }
}

TEST(SparseNetTest, OperationsAnswerWithinTheirLimits) {
  for (int i = v1::NodeOperation_MIN; i <= v1::NodeOperation_MAX; ++i) {
    const auto operation = static_cast<v1::NodeOperation>(i);
    for (const float x :
         {-50.0f, -3.0f, -0.3f, 0.0f, 1e-3f, 0.7f, 4.0f, 50.0f}) {
      float y = x;
      Apply(operation, 1, &y);
      const double expected = Operate(operation, x);
      EXPECT_NEAR(y, expected, 1e-6 * std::max(1.0, std::abs(expected)))
          << v1::NodeOperation_Name(operation) << " of " << x;
    }
    float nan = std::numeric_limits<float>::quiet_NaN();
    Apply(operation, 1, &nan);
    EXPECT_TRUE(std::isnan(nan)) << v1::NodeOperation_Name(operation);
  }
}

TEST(SparseNetTest, NothingIsAllocatedOnceItIsCompiled) {
  Rng rng(3);
  const NetGraph graph = RandomGraph(&rng);
  const std::vector<float> theta = Normals(NumParameters(graph), &rng);
  const std::vector<float> inputs = Normals(graph.num_inputs, &rng);
  std::vector<float> outputs(graph.num_outputs);
  SparseNet net;
  net.Compile(graph);

  const AllocationGuard guard;
  net.SetParameters(theta.data());
  net.Evaluate(inputs.data(), outputs.data());

  EXPECT_EQ(guard.count(), 0);
}

TEST(SparseNetDeathTest, AnEdgeThatGoesBackIsABug) {
  NetGraph graph{.num_inputs = 1, .num_hidden = 2, .num_outputs = 1};
  graph.operations.assign(2, v1::NODE_TANH);
  graph.biases.assign(3, -1);
  graph.edges = {{2, 1, 0}};

  EXPECT_DEATH(SparseNet().Compile(graph), "2 -> 1");
}

}  // namespace
}  // namespace starling
