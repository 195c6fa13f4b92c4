// A recurrent network that makes the decisions of a search space one after the
// other, each by pointing at one of its values.
//
// An LSTM reads the embedding of the last choice; value j of the decision gets
// the logit 2.5 tanh(u_j / 5) with u_j = v . tanh(W1 e_j + W2 h), where e_j is
// the embedding of the value and h the LSTM's output. What a set already has is
// masked. Numbers with more than 64 values are chosen among 64 of them.
//
// Papers: "Pointer Networks"; "Neural Combinatorial Optimization with
// Reinforcement Learning" (the squashed logits); "Long Short-Term Memory".
//
// In float, with base/math and base/linalg: the same bits on every machine. Not
// thread-safe. A draw costs about choices * values * hidden multiply-adds and
// as many tanh.
#ifndef STARLING_NAS_POINTER_NET_H_
#define STARLING_NAS_POINTER_NET_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "base/rng.h"
#include "base/search_space.h"

namespace starling {

// The values that were pointed at, in order; of each decision that is made.
using Pointings = std::vector<std::vector<int32_t>>;

class PointerNet {
 public:
  // `space` outlives the object.
  PointerNet(const SearchSpace* space, int hidden);

  int num_parameters() const { return num_parameters_; }
  // Small random weights.
  std::vector<float> InitialParameters(Rng rng) const;
  // [num_parameters]; computes what all draws share.
  void SetParameters(const std::vector<float>& parameters);

  Pointings Sample(Rng* rng);
  // The most likely value at each step.
  Pointings Greedy();
  Choices ToChoices(const Pointings& pointings) const;

  // log of the probability of exactly these pointings. Adds d(weight log p +
  // entropy_weight sum of the entropies of the steps) / d parameters to
  // `gradient` [num_parameters], unless that is null.
  double Accumulate(const Pointings& pointings, double weight,
                    double entropy_weight, std::vector<float>* gradient);

 private:
  // Chooses a value at a step, given the probabilities of all.
  using Chooser = std::function<int(const std::vector<float>& probabilities)>;
  // What the backward pass needs of a step.
  struct Step {
    int decision;
    int place;
    int input;  // value whose embedding was read; -1: the decision's start
    int chosen;
    // [hidden] each: input, gates, cell and output before and after.
    std::vector<float> x, gates, cell, output;
    std::vector<float> u, probabilities;  // [values]
    float entropy;
  };

  int Values(int decision) const { return values_[decision]; }
  bool HasPlaces(int decision) const { return !space_->is_set(decision); }
  std::vector<Step> Run(const Chooser& choose);
  void Forward(const std::vector<float>& cell, const std::vector<float>& output,
               const std::vector<bool>& masked, Step* step) const;
  void Backward(const std::vector<Step>& steps, double weight,
                double entropy_weight, std::vector<float>* gradient);

  const SearchSpace* const space_;
  const int hidden_;
  // Offsets of the blocks in the parameters.
  int wx_ = 0, wh_ = 0, bias_ = 0, w1_ = 0, w2_ = 0, v_ = 0;
  std::vector<int> values_;                        // of each decision
  std::vector<int> embeddings_, starts_, places_;  // of each decision
  int num_parameters_ = 0;
  std::vector<float> parameters_;
  // W1 e_j of each decision, [values, hidden].
  std::vector<std::vector<float>> keys_;
};

}  // namespace starling

#endif  // STARLING_NAS_POINTER_NET_H_
