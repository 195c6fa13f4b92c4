// Attention in time linear in the number of tokens, by random features.
//
//   numerators  psi_q (sum over keys of psi_k v^T), denominators psi_q (sum of
//   psi_k): O(L M (d + d_v)) for feature vectors of length M.
//
// Stable for tokens of any length: a query's scale cancels and is left out; the
// keys' is taken relative to the largest so far. Works in tiles: beside its
// input and output it holds O(M d_v) numbers, and one a query.
// Paper: "Rethinking Attention with Performers".
#ifndef STARLING_POLICIES_ATTENTION_LINEAR_ATTENTION_H_
#define STARLING_POLICIES_ATTENTION_LINEAR_ATTENTION_H_

#include <memory>

#include "absl/status/status.h"
#include "policies/attention/exact_attention.h"
#include "policies/attention/feature_map.h"

namespace starling {

struct LinearAttentionOptions {
  // Scores are scale q . k; 1 / sqrt(d) is usual. > 0.
  float scale = 1;
  // Subtracts the mean key from all: no difference to softmax attention, which
  // ignores such a shift, and mostly less error. Where that is so alone: not
  // for causal attention and not for generalized features.
  bool center_keys = true;
  // Denominators below this share of their mean size are replaced by it, > 0:
  // signed features can make them anything.
  float denominator_floor = 1e-3f;
};

// Owns its workspace: the same call with no more tokens than before allocates
// nothing. Not thread-safe.
class LinearAttention {
 public:
  LinearAttention(std::shared_ptr<const FeatureMap> map,
                  const LinearAttentionOptions& options);

  // out [L_q, d_v] for q [L_q, d], k [L_k, d], v [L_k, d_v]. No keys: zeros.
  // InvalidArgument: shapes that do not fit, or a number that is not finite
  // (with its row and column).
  absl::Status Attend(TokensRef q, TokensRef k, TokensRef v,
                      TokenMatrix<float>* out);
  // Each row over the keys up to its own; as many of each.
  absl::Status AttendCausally(TokensRef q, TokensRef k, TokensRef v,
                              TokenMatrix<float>* out);
  // [L_k]: what each key gets from all queries, whose weights sum to 1 each.
  absl::Status ColumnSums(TokensRef q, TokensRef k, Eigen::VectorXf* sums);

  // Denominators that the floor has replaced, since the beginning.
  int64_t floored() const { return floored_; }
  const FeatureMap& map() const { return *map_; }

 private:
  absl::Status Check(TokensRef q, TokensRef k) const;
  // Features of rows `first` on, at most a tile; answers how many.
  int MapTile(Side side, TokensRef tokens, Eigen::Index first);
  // Adds the keys' features, times `values` beside a one, to state_.
  void AddKeys(TokensRef k, const Eigen::Ref<const TokenMatrix<float>>* values);
  // Of the keys to come: what is subtracted from each.
  void Centre(TokensRef k);
  // Of group g in features_: times its weights, and for queries its signs.
  const TokenMatrix<float>& Group(Side side, size_t g, int count);
  // Replaces denominators that are too small; counts them.
  void Guard(Eigen::VectorXf* denominators);

  const std::shared_ptr<const FeatureMap> map_;
  const LinearAttentionOptions options_;
  int64_t floored_ = 0;
  // Of a tile.
  TokenMatrix<float> tokens_, group_, values_;
  Features<float> features_;
  // [groups base_size, d_v + 1], relative to e^largest_.
  TokenMatrix<float> state_;
  float largest_ = 0;
  bool is_centred_ = false;
  Eigen::RowVectorXf centre_;
  Eigen::VectorXf denominators_, weights_;
};

// Causal attention token by token, for sequences that have no end.
class CausalState {
 public:
  // Of values [value_size].
  CausalState(std::shared_ptr<const FeatureMap> map, int value_size,
              float scale = 1);

  void Reset();
  // A key [dim] and its value.
  void Append(const float* key, const float* value);
  // The mean value by the keys so far, for a query [dim]; zeros before the
  // first. Answers whether the denominator was above 0.
  bool Query(const float* query, float* out);

 private:
  const std::shared_ptr<const FeatureMap> map_;
  const int value_size_;
  const float root_scale_;
  Features<float> features_;
  Eigen::VectorXf token_;
  TokenMatrix<float> state_;
  Eigen::RowVectorXf sums_;
  float largest_ = 0;
  bool is_empty_ = true;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_LINEAR_ATTENTION_H_
