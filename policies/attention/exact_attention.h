// Attention as it is defined: time quadratic in the number of tokens, memory
// linear. The reference of every estimate.
#ifndef STARLING_POLICIES_ATTENTION_EXACT_ATTENTION_H_
#define STARLING_POLICIES_ATTENTION_EXACT_ATTENTION_H_

#include "policies/attention/feature_map.h"

namespace starling {

using TokensRef = const Eigen::Ref<const TokenMatrix<float>>&;

// Owns its workspace: the same call with no more tokens than before allocates
// nothing. Not thread-safe. CHECKs shapes.
class ExactAttention {
 public:
  // Scores are scale q . k.
  explicit ExactAttention(float scale) : scale_(scale) {}

  // out [L_q, d_v]: row i is the mean of the rows of v [L_k, d_v] weighted by
  // exp(score); `causal`: over j <= i (as many keys as queries). No keys:
  // zeros. O(L_q L_k (d + d_v)).
  void Attend(TokensRef q, TokensRef k, TokensRef v, bool causal,
              TokenMatrix<float>* out);
  // [L_k]: what each key gets from all queries, whose weights sum to 1 each.
  void ColumnSums(TokensRef q, TokensRef k, Eigen::VectorXf* sums);
  // For each token of side `of`, the sum of exp(score) over those of the other
  // side, times a number that is the same for all: the largest is 1 or more,
  // none is NaN.
  void KernelSums(TokensRef q, TokensRef k, Side of, Eigen::VectorXf* sums);

 private:
  // [rows, columns] from a row of a and a row of b on; where causal, those of
  // later rows of b are -infinity.
  void Score(TokensRef a, TokensRef b, Eigen::Index first_row,
             Eigen::Index first_column, bool causal);
  // largest_ and total_ of rows of a tile: the scores so far.
  void Reduce(Eigen::Index row);

  const float scale_;
  TokenMatrix<float> rows_, columns_, scores_, values_;
  // Largest score so far, and the sum of weights relative to it.
  Eigen::VectorXf largest_, total_;
  // Of a tile in floats, of all in doubles.
  Eigen::VectorXf part_;
  Eigen::VectorXd sums_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_EXACT_ATTENTION_H_
