// Fully connected layers in which every edge has a score besides its weight:
// `learned_mask`. What an architecture search must beat: twice the parameters
// are learned, but nothing is searched.
//
// theta holds weights and biases layer by layer, then the scores of all edges.
// The k edges with the largest scores live (the lower index among equals). An
// Act costs one multiply-add an edge, dead ones included.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "policies/topology/sparse_policy.h"

namespace starling {
namespace {

// Of the initial scores: small beside what a few updates move.
constexpr float kScoreDeviation = 0.1f;

class LearnedMaskPolicy : public Policy {
 public:
  static absl::StatusOr<std::unique_ptr<Policy>> Create(
      const v1::PolicyConfig& config, const v1::EnvSpec& spec) {
    const v1::LearnedMask& options = config.learned_mask();
    ASSIGN_OR_RETURN(Layers layers, PlanLayers(config, spec, options.mlp()));
    const int64_t n = layers.num_edges();
    if (options.edges() < 1 || options.edges() > n) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.learned_mask.edges must be 1 to ", n,
                       ", the edges that there are; got ", options.edges()));
    }
    LayeredGraph full = FullGraph(layers, options.mlp());
    return std::unique_ptr<Policy>(new LearnedMaskPolicy(
        std::move(layers), std::move(full), static_cast<int>(options.edges())));
  }

  int num_parameters() const override { return num_own_ + num_edges(); }
  ParameterLayout layout() const override {
    ParameterLayout layout = full_.layout;
    layout.push_back({"scores", num_own_, num_edges(), 1});
    return layout;
  }
  void InitialParameters(Rng rng, VectorRef theta) const override {
    CHECK_EQ(theta.size(), num_parameters());
    theta.setZero();
    for (int i = 0; i < num_parameters(); ++i) {
      const float deviation =
          i < num_own_ ? full_.initial_deviation[i] : kScoreDeviation;
      if (deviation == 0) continue;
      theta[i] = static_cast<float>(rng.Normal() * double{deviation});
    }
  }

  void SetParameters(ConstVectorRef theta) override {
    CHECK_EQ(theta.size(), num_parameters());
    masked_ = theta.head(num_own_);
    const float* const scores = theta.data() + num_own_;
    if (!std::all_of(scores, scores + num_edges(),
                     [](float score) { return std::isfinite(score); })) {
      masked_.setConstant(std::nanf(""));
    } else {
      std::iota(order_.begin(), order_.end(), 0);
      std::nth_element(order_.begin(), order_.begin() + k_, order_.end(),
                       [scores](int a, int b) {
                         return scores[a] != scores[b] ? scores[a] > scores[b]
                                                       : a < b;
                       });
      for (int i = k_; i < num_edges(); ++i) {
        masked_[full_.graph.edges[order_[i]].weight] = 0;
      }
    }
    net_.SetParameters(masked_.data());
  }

  void Act(const Observation& observation, VectorRef action) override {
    CHECK_EQ(observation.state.size(), layers_.sizes.front());
    net_.Evaluate(observation.state.data(), raw_.data());
    layers_.head.Apply(raw_, action);
  }

  absl::Status Export(v1::ExportedPolicy* model) const override {
    SparseNet net = Kept();
    net.SetParameters(masked_.data());
    net.Export(model);
    layers_.head.Export(model->mutable_head());
    return absl::OkStatus();
  }

  PolicyCost Cost() const override {
    const SparseNet net = Kept();
    PolicyCost cost;
    cost.weights = net.num_live_edges();
    cost.biases = static_cast<int64_t>(net.live_biases().size());
    cost.multiply_adds = num_edges();
    cost.units = static_cast<int64_t>(net_.network().nodes.size());
    cost.chosen_edges = k_;
    cost.bits = 32 * (cost.weights + cost.biases) +
                static_cast<int64_t>(
                    std::ceil(Log2Binomial(num_edges(), net.num_live_edges())));
    return cost;
  }

 private:
  LearnedMaskPolicy(Layers layers, LayeredGraph full, int k)
      : layers_(std::move(layers)),
        full_(std::move(full)),
        num_own_(static_cast<int>(full_.initial_deviation.size())),
        k_(k),
        order_(full_.graph.edges.size()),
        masked_(Eigen::VectorXf::Zero(num_own_)),
        raw_(Eigen::VectorXf::Zero(layers_.sizes.back())) {
    net_.Compile(full_.graph);
    std::iota(order_.begin(), order_.end(), 0);
  }
  int num_edges() const { return static_cast<int>(full_.graph.edges.size()); }
  // Of the edges with the largest scores alone.
  SparseNet Kept() const {
    NetGraph kept = full_.graph;
    for (int i = 0; i < k_; ++i) {
      kept.edges[i] = full_.graph.edges[order_[i]];
    }
    kept.edges.resize(k_);
    SparseNet net;
    net.Compile(kept);
    return net;
  }

  const Layers layers_;
  const LayeredGraph full_;
  // Weights and biases, without scores.
  const int num_own_;
  const int k_;
  // Edges, those that live first.
  std::vector<int> order_;
  Eigen::VectorXf masked_;
  SparseNet net_;
  Eigen::VectorXf raw_;
};

STARLING_REGISTER_POLICY(learned_mask, LearnedMaskPolicy::Create);

}  // namespace
}  // namespace starling
