// Attention as it is defined: time quadratic in the number of tokens, memory
// linear. The reference of every estimate.
#ifndef STARLING_POLICIES_ATTENTION_EXACT_ATTENTION_H_
#define STARLING_POLICIES_ATTENTION_EXACT_ATTENTION_H_

#include "policies/attention/feature_map.h"

namespace starling {

using TokensRef = const Eigen::Ref<const TokenMatrix<float>>&;

// out [L_q, d_v]: row i is the mean of the rows of v [L_k, d_v] weighted by
// exp(scale q_i . k_j); `causal`: over j <= i (as many keys as queries). No
// keys: zeros. CHECKs the shapes. O(L_q L_k (d + d_v)).
void ExactAttention(TokensRef q, TokensRef k, TokensRef v, float scale,
                    bool causal, TokenMatrix<float>* out);

// [L_k]: what each key gets from all queries, whose weights sum to 1 each.
void ExactColumnSums(TokensRef q, TokensRef k, float scale,
                     Eigen::VectorXf* sums);

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_EXACT_ATTENTION_H_
