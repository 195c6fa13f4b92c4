#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "policies/topology/testing.h"

namespace starling {
namespace {

constexpr char kDense[] = "mlp { hidden: 32 output_scale: 1 }";

// The architecture of these choices; expects that the policy takes it.
void Choose(Policy& policy, const Choices& choices) {
  ASSERT_TRUE(policy.search_space().Validate(choices).ok())
      << policy.search_space().Validate(choices);
  const absl::Status status =
      policy.SetArchitecture(policy.search_space().Encode(choices));
  ASSERT_TRUE(status.ok()) << status;
}

// k of n, drawn anew.
std::vector<int32_t> Draw(int k, int n, Rng* rng) {
  std::set<int32_t> drawn;
  while (static_cast<int>(drawn.size()) < k) {
    drawn.insert(static_cast<int32_t>(rng->Below(static_cast<uint32_t>(n))));
  }
  return {drawn.begin(), drawn.end()};
}

// Index in the mlp's theta of an edge of the full graph.
int WeightOf(int edge) { return edge < 32 * 17 ? edge : edge + 32; }

// The mlp's theta with all edges at zero that are not `kept`.
Eigen::VectorXf Masked(const Eigen::VectorXf& theta,
                       const std::vector<int32_t>& kept) {
  Eigen::VectorXf masked = theta;
  for (int edge = 0; edge < 736; ++edge) masked[WeightOf(edge)] = 0;
  for (const int edge : kept) masked[WeightOf(edge)] = theta[WeightOf(edge)];
  return masked;
}

void ExpectClose(const Eigen::VectorXf& a, const Eigen::VectorXf& b) {
  ASSERT_EQ(a.size(), b.size());
  // Sums of at most 33 products of size ~1 in another order.
  EXPECT_LT((a - b).cwiseAbs().maxCoeff(), 1e-5f) << a << "\n\n" << b;
}

TEST(EdgePrunedTest, SparseAnswersAsTheMaskedDenseNetworkDoes) {
  const auto dense = *MakePolicy(kDense);
  const auto global =
      *MakePolicy("edge_pruned { mlp { hidden: 32 } global { edges: 64 } }");
  const auto mask = *MakePolicy("edge_pruned { mlp { hidden: 32 } mask {} }");
  const auto per_layer = *MakePolicy(
      "edge_pruned { mlp { hidden: 32 } per_layer { edges: 40 edges: 24 } }");
  ASSERT_EQ(global->num_parameters(), dense->num_parameters());
  Rng rng(1);
  for (int trial = 0; trial < 50; ++trial) {
    const Eigen::VectorXf theta = Normals(dense->num_parameters(), trial);
    const Eigen::VectorXf state = Normals(17, 1000 + trial);

    const std::vector<int32_t> kept = Draw(64, 736, &rng);
    Choose(*global, {kept});
    ExpectClose(Act(*global, theta, state),
                Act(*dense, Masked(theta, kept), state));

    std::vector<int32_t> bits(736);
    for (const int edge : kept) bits[edge] = 1;
    Choose(*mask, {bits});
    EXPECT_EQ(Act(*mask, theta, state), Act(*global, theta, state));

    const std::vector<int32_t> first = Draw(40, 544, &rng);
    const std::vector<int32_t> second = Draw(24, 192, &rng);
    Choose(*per_layer, {first, second});
    std::vector<int32_t> both = first;
    for (const int edge : second) both.push_back(544 + edge);
    ExpectClose(Act(*per_layer, theta, state),
                Act(*dense, Masked(theta, both), state));
  }
}

TEST(EdgePrunedTest, WithoutASearchAllEdgesLive) {
  const auto dense = *MakePolicy(kDense);
  const auto pruned =
      *MakePolicy("edge_pruned { mlp { hidden: 32 } global { edges: 64 } }");
  const Eigen::VectorXf theta = Normals(774, 1), state = Normals(17, 2);
  ExpectClose(Act(*pruned, theta, state), Act(*dense, theta, state));
  EXPECT_EQ(pruned->Cost().weights, 736);
  EXPECT_EQ(pruned->Cost().biases, 38);

  // And again after an architecture was set and taken back.
  Rng rng(3);
  Choose(*pruned, {Draw(64, 736, &rng)});
  EXPECT_LE(pruned->Cost().weights, 64);
  ASSERT_TRUE(pruned->SetArchitecture({}).ok());
  EXPECT_EQ(pruned->Cost().weights, 736);
}

TEST(EdgePrunedTest, CountsWhatLives) {
  const auto policy =
      *MakePolicy("edge_pruned { mlp { hidden: 32 } global { edges: 4 } }");
  // Input 3 -> unit 0 -> output 5; input 0 -> unit 7, which feeds nothing;
  // unit 9 -> output 1, fed by nothing.
  Choose(*policy, {{3, 7 * 17, 544 + 1 * 32 + 9, 544 + 5 * 32}});

  const PolicyCost cost = policy->Cost();
  EXPECT_EQ(cost.weights, 2);
  EXPECT_EQ(cost.biases, 1 + 6);
  EXPECT_EQ(cost.multiply_adds, 2);
  EXPECT_EQ(cost.chosen_edges, 4);
  // log2 of 736 over 2 is 18.04.
  EXPECT_EQ(cost.bits, 32 * 9 + 19);
  EXPECT_EQ(policy->ActiveParameters(),
            (std::vector<int>{3, 544, WeightOf(544 + 5 * 32), 768, 769, 770,
                              771, 772, 773}));
}

// The figures of a HalfCheetah's controller.
TEST(EdgePrunedTest, BitsOfSixtyFourLiveEdges) {
  const auto policy = *MakePolicy(
      "edge_pruned { mlp { hidden: 32 bias: false } global { edges: 64 } }");
  // Two inputs feed every unit... 32 edges in, 32 out: all live.
  std::vector<int32_t> kept;
  for (int unit = 0; unit < 32; ++unit) kept.push_back(unit * 17 + unit % 17);
  for (int unit = 0; unit < 32; ++unit) {
    kept.push_back(544 + (unit % 6) * 32 + unit);
  }
  std::sort(kept.begin(), kept.end());
  Choose(*policy, {kept});
  EXPECT_EQ(policy->Cost().weights, 64);
  EXPECT_EQ(policy->Cost().bits, 310 + 64 * 32);
}

TEST(EdgePrunedTest, ResidualEdgesSkipLayers) {
  const auto policy = *MakePolicy(
      "edge_pruned { mlp { hidden: 3 hidden: 2 } residual { edges: 2 } }",
      TestSpec(2, 1));
  // Into each hidden unit from what lies before, then into the output: 2*3 +
  // 5*2 + 7.
  EXPECT_EQ(policy->search_space().num_values(0), 23);
  EXPECT_EQ(policy->num_parameters(), 23 + 6);
  Eigen::VectorXf theta = Eigen::VectorXf::Zero(29);
  // Output's first edges come from the inputs.
  const int output_weights = 6 + 3 + 10 + 2;
  theta[output_weights + 1] = 2.5f;
  Choose(*policy, {{16, 17}});
  const Eigen::VectorXf state = Normals(2, 1);
  EXPECT_FLOAT_EQ(Act(*policy, theta, state, 1)[0], 2.5f * state[1]);
  EXPECT_EQ(policy->Cost().weights, 2);
}

TEST(EdgePrunedTest, OperationsOfHiddenUnitsAreChosen) {
  const auto policy = *MakePolicy(
      "edge_pruned { mlp { hidden: 2 } global { edges: 4 } operations: "
      "NODE_SIN "
      "operations: NODE_SQUARE }",
      TestSpec(1, 1));
  ASSERT_EQ(policy->search_space().num_decisions(), 2);
  const Choices choices = {{0, 1, 2, 3}, {1, 0}};
  EXPECT_EQ(policy->search_space().Text(choices),
            "edges=0-3 operations=SQUARE,SIN");
  Eigen::VectorXf theta(7);
  theta << 1, 1, 0, 0, 1, 10, 0;
  Choose(*policy, choices);
  Eigen::VectorXf state(1);
  state << 0.5f;
  EXPECT_NEAR(Act(*policy, theta, state, 1)[0], 0.25 + 10 * std::sin(0.5),
              1e-5);
}

TEST(EdgePrunedTest, RandomEdgesAreTheSameForTheSameSeed) {
  const std::string text =
      "edge_pruned { mlp { hidden: 32 } random { edges: 64 ";
  const auto a = *MakePolicy(text + "seed: 5 } }");
  const auto b = *MakePolicy(text + "seed: 5 } }");
  const auto c = *MakePolicy(text + "seed: 6 } }");
  EXPECT_TRUE(a->search_space().empty());
  EXPECT_EQ(a->Cost().chosen_edges, 64);
  EXPECT_EQ(a->ActiveParameters(), b->ActiveParameters());
  EXPECT_NE(a->ActiveParameters(), c->ActiveParameters());
}

TEST(EdgePrunedTest, UnitsStartWithTheVarianceThatTheirLiveEdgesNeed) {
  const auto policy =
      *MakePolicy("edge_pruned { mlp { hidden: 32 } global { edges: 46 } }");
  Eigen::VectorXf theta(774);
  policy->InitialParameters(Rng(1), theta);
  // 1 / fan-in, for a sixteenth of the edges: 4 / sqrt(17). 544 draws: 4.5
  // standard errors are 14 %.
  const Eigen::VectorXf first = theta.head(544);
  EXPECT_NEAR(std::sqrt(first.squaredNorm() / 544), 4 / std::sqrt(17), 0.14);
  EXPECT_EQ(theta.segment(544, 32), Eigen::VectorXf::Zero(32));
}

TEST(EdgePrunedTest, AnEdgeMattersAsItsShareOfItsStrongestPath) {
  // 17 -> 2 -> 6, without biases: 34 weights, then 12.
  const std::string start = "edge_pruned { mlp { hidden: 2 bias: false } ";
  const auto policy = *MakePolicy(start + "per_layer { edges: 2 edges: 3 } }");
  Eigen::VectorXf theta = Eigen::VectorXf::Zero(46);
  // Unit 0 reads little, unit 1 more than it can pass on.
  theta[3] = 0.5f;
  theta[17 + 4] = -3;
  theta[17 + 5] = 4;
  theta[34 + 0] = 0.1f;
  theta[34 + 1] = 0.2f;
  theta[34 + 3] = -0.3f;
  const auto importances = policy->Importances(theta);
  ASSERT_TRUE(importances.ok());
  ASSERT_EQ(importances->size(), 2u);
  const std::vector<double>& first = (*importances)[0];
  const std::vector<double>& second = (*importances)[1];
  ASSERT_EQ(first.size(), 34u);
  ASSERT_EQ(second.size(), 12u);
  const auto slope = [](double variance) {
    return 1 / std::sqrt(1 + std::acos(0.0) * variance);
  };
  EXPECT_NEAR(first[3], 0.5 * slope(0.25) * 0.1 / 2, 1e-7);
  EXPECT_NEAR(first[17 + 4], 3 * slope(25) * 0.3 / 2, 1e-6);
  EXPECT_NEAR(second[0], 0.5 * slope(0.25) * 0.1 / 2, 1e-7);
  EXPECT_NEAR(second[1], 4 * slope(25) * 0.2 / 2, 1e-6);
  EXPECT_NEAR(second[3], 4 * slope(25) * 0.3 / 2, 1e-6);
  EXPECT_EQ(second[2], 0);
  // An edge that skips the hidden layer needs no other: 17 -> 1 -> 6, whose
  // last layer reads the state as well.
  const auto residual = *MakePolicy(
      "edge_pruned { mlp { hidden: 1 bias: false } residual { edges: 9 } }");
  Eigen::VectorXf skips = Eigen::VectorXf::Zero(residual->num_parameters());
  skips[0] = 0.5f;
  skips[17 + 2] = 0.05f;
  skips[17 + 17] = 0.1f;
  const auto shared = residual->Importances(skips);
  ASSERT_TRUE(shared.ok());
  EXPECT_NEAR((*shared)[0][0], 0.5 * slope(0.25) * 0.1 / 2, 1e-7);
  EXPECT_NEAR((*shared)[0][17 + 17], 0.5 * slope(0.25) * 0.1 / 2, 1e-7);
  EXPECT_NEAR((*shared)[0][17 + 2], 0.05, 1e-7);
  EXPECT_EQ(
      (*MakePolicy(start + "mask {} }"))->Importances(theta).status().code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(EdgePrunedTest, RefusesWhatThereIsNot) {
  const auto message = [](const std::string& text) {
    return std::string(MakePolicy(text).status().message());
  };
  EXPECT_EQ(message("edge_pruned { mlp { hidden: 32 } global { edges: 737 } }"),
            "policy.edge_pruned.global.edges must be 1 to 736, the edges that "
            "there are; got 737");
  EXPECT_NE(message("edge_pruned { mlp { hidden: 32 } global {} }")
                .find("must be 1 to 736"),
            std::string::npos);
  EXPECT_NE(message("edge_pruned { mlp { hidden: 32 } per_layer { edges: 4 } }")
                .find("a number for each of the 2 layers, got 1"),
            std::string::npos);
  EXPECT_NE(message("edge_pruned { mlp { hidden: 32 } }").find("set one of"),
            std::string::npos);
  EXPECT_NE(message("edge_pruned { global { edges: 3 } operations: NODE_SIN }")
                .find("mlp.hidden has none"),
            std::string::npos);
}

TEST(EdgePrunedTest, RefusesAnArchitectureOfAnotherSpaceAndStaysAsItIs) {
  const auto policy =
      *MakePolicy("edge_pruned { mlp { hidden: 32 } global { edges: 64 } }");
  const auto other =
      *MakePolicy("edge_pruned { mlp { hidden: 32 } global { edges: 63 } }");
  Rng rng(1);
  Choose(*policy, {Draw(64, 736, &rng)});
  const std::vector<int> active = policy->ActiveParameters();

  EXPECT_EQ(
      policy
          ->SetArchitecture(other->search_space().Encode({Draw(63, 736, &rng)}))
          .code(),
      absl::StatusCode::kInvalidArgument);

  EXPECT_EQ(policy->ActiveParameters(), active);
}

}  // namespace
}  // namespace starling
