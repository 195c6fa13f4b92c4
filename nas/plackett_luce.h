// A distribution over ordered choices without repetition: the next one is drawn
// in proportion to exp(logit) among those that are left. With one choice it is
// the softmax.
//
// Papers: "The Analysis of Permutations" (Plackett); "Stochastic Beams and
// Where to Find Them: The Gumbel-Top-k Trick for Sampling Sequences Without
// Replacement".
#ifndef STARLING_NAS_PLACKETT_LUCE_H_
#define STARLING_NAS_PLACKETT_LUCE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "base/rng.h"

namespace starling {

class PlackettLuce {
 public:
  // n >= 1 logits, finite, within 600 of each other. O(n).
  explicit PlackettLuce(absl::Span<const double> logits);

  // k in [1, n] of them, in the order drawn: the largest of logit + Gumbel
  // noise. n draws; O(n + k log k).
  std::vector<int32_t> Sample(int k, Rng* rng) const;
  // The same for k = 1, with one draw.
  int32_t SampleOne(Rng* rng) const;

  // sum_t logit(o_t) - log sum over what is left of exp(logit). O(n).
  double LogProbability(absl::Span<const int32_t> order) const;
  // Adds weight * d LogProbability / d logits to gradient [n]. O(n).
  void AddGradient(absl::Span<const int32_t> order, double weight,
                   double* gradient) const;

  // Of the first choice, in nats.
  double Entropy() const;
  // Adds weight * d Entropy / d logits to gradient [n]. O(n).
  void AddEntropyGradient(double weight, double* gradient) const;

 private:
  // Sum of the weights that are left before each choice, from the end: sums of
  // positive numbers only, so nothing cancels. Marks who is chosen.
  std::vector<double> Remaining(absl::Span<const int32_t> order,
                                std::vector<bool>* chosen) const;

  const std::vector<double> logits_;
  double largest_;
  // exp(logit - largest), and their sum.
  std::vector<double> weights_;
  double total_ = 0;
};

}  // namespace starling

#endif  // STARLING_NAS_PLACKETT_LUCE_H_
