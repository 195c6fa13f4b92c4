// Fitness shaping: from the returns of antithetic pairs to one weight a
// direction.
//
// Convention: every factor is folded into the weights, so that the estimate of
// the ascent direction is exactly
//
//   ghat = sum_i w_i epsilon_i
//
// With m the number of valid pairs, p_i and q_i the fitness of the halves of
// pair i (+ and -), sigma the deviation of the perturbation:
//
//   centered_rank    w_i = (u(p_i) - u(q_i)) / (2 m), u = rank / (2m-1) - 1/2
//                    over the 2m values; equal values share their mean rank
//   z_score          w_i = (p_i - q_i) / (2 m sigma s), s = deviation of the 2m
//   ars              w_i = (p_i - q_i) / (b s) for the b best pairs, else 0; s
//   =
//                    deviation of their 2b values; no division by sigma
//   raw              w_i = (p_i - q_i) / (2 m sigma): the unbiased estimator of
//                    the gradient of the smoothed objective
//   difference_sign  w_i = sign(p_i - q_i) / m
//
// Deviations are the population's. Only valid pairs enter m, ranks, means and
// deviations: a failed evaluation is never a number. Everything is in double
// and in index order; the result depends on nothing but the arguments.
//
// Papers: "Evolution Strategies as a Scalable Alternative to Reinforcement
// Learning" (ranks), "Simple random search provides a competitive approach to
// reinforcement learning" (ars), "ES-ENAS" (z-score).
#ifndef STARLING_AGGREGATOR_ES_FITNESS_SHAPING_H_
#define STARLING_AGGREGATOR_ES_FITNESS_SHAPING_H_

#include <vector>

#include "absl/types/span.h"
#include "aggregator/es/strategy.h"
#include "proto/es.pb.h"

namespace starling {

struct ShapedFitness {
  // w [n], finite; 0 where the pair is not valid or does not count.
  std::vector<double> weights;
  // m.
  int valid_pairs = 0;
  // There are valid pairs, but all weights are 0: the returns say nothing about
  // where to go. Deviations below 1e-12 count as 0.
  bool flat = false;
};

// Shapes the outcomes of directions 0 .. n-1. A pair whose fitness is not
// finite, or beyond +-1e150 (its square would overflow), is not valid either.
// No kind set: centered_rank. sigma > 0. O(n log n).
ShapedFitness ShapeFitness(const v1::FitnessShaping& shaping,
                           absl::Span<const DirectionOutcome> outcomes,
                           double sigma);

// rank / (k - 1) - 1/2 of each of k >= 2 values: in [-1/2, 1/2], sum 0. Equal
// values share their mean rank. Values are not NaN. O(k log k).
std::vector<double> CenteredRanks(absl::Span<const double> values);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_ES_FITNESS_SHAPING_H_
