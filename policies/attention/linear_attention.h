// Attention in time linear in the number of tokens, by random features.
//
//   numerators  psi_q (sum over keys of psi_k v^T), denominators psi_q (sum of
//   psi_k): O(L M (d + d_v)) for feature vectors of length M.
//
// Stable for tokens of any length: a query's scale cancels and is left out; the
// keys' is taken relative to the largest so far. Works in tiles: beside its
// input and output it holds O(M d_v) numbers, one a query, and for column sums
// of few tokens their features (at most 2 MiB).
// Paper: "Rethinking Attention with Performers".
#ifndef STARLING_POLICIES_ATTENTION_LINEAR_ATTENTION_H_
#define STARLING_POLICIES_ATTENTION_LINEAR_ATTENTION_H_

#include <memory>
#include <string>

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

  // Without the division by a query's sum: for each token of side `of`, the sum
  // of exp(scale q . k) over those of the other side, times a number that is
  // the same for all. Signed features can make it negative. Keys are not
  // centred.
  absl::Status KernelSums(TokensRef q, TokensRef k, Side of,
                          Eigen::VectorXf* sums);

  // Denominators that the floor has replaced, since the beginning.
  int64_t floored() const { return floored_; }
  // What the closed form says of the lengths of queries and keys seen so far
  // (see WarningOfError), logged once a process as well; "" where they do.
  const std::string& warning() const { return warning_; }
  const FeatureMap& map() const { return *map_; }

 private:
  // Also what is subtracted from each key, and whether lengths will do.
  absl::Status Begin(TokensRef q, TokensRef k, bool may_centre);
  // Tokens whose features begin at a row of those.
  struct Tile {
    Side side;
    const Features<float>* features;
    Eigen::Index row;
    int count;
  };
  // Tokens `first` on, at most `most`. Good until the next of this side.
  Tile MapTile(Side side, TokensRef tokens, Eigen::Index first, int most);
  // The same for all tokens in turn and then again: in pass 0 the features of
  // few tokens are kept for pass 1.
  Tile TileOf(Side side, TokensRef tokens, Eigen::Index first, int pass);
  // Its features of group g: times its weights, and for queries its signs.
  const float* Group(const Tile& tile, size_t g);
  // scales_: of each of its features, relative to e^largest_.
  void ScaleOf(const Tile& keys);
  // sums [groups, base_size] += the features of each token times its factor.
  void AddWeighted(const Tile& tile, const float* factors, float* sums);
  // dots [count] = the features of each token times sums.
  void DotWeighted(const Tile& tile, const float* sums, float* dots);
  // The groups' factors, which are on one side of every product.
  void ApplySigns(float* sums) const;
  // Adds keys times [1, value] to state_; `values` from `first` on, or null:
  // ones alone.
  void AddTile(const Tile& keys,
               const Eigen::Ref<const TokenMatrix<float>>* values,
               Eigen::Index first);
  // All keys, into an empty state.
  void AddKeys(TokensRef k, const Eigen::Ref<const TokenMatrix<float>>* values);
  // Replaces denominators that are too small; counts them.
  void Guard(Eigen::VectorXf* denominators);

  const std::shared_ptr<const FeatureMap> map_;
  const LinearAttentionOptions options_;
  int64_t floored_ = 0;
  std::string warning_;
  // The longest length that has been looked at.
  float examined_ = 0;
  // Of a tile.
  TokenMatrix<float> tokens_, group_, group_weights_, values_, sums_;
  Features<float> queries_, keys_;
  // Where causal: [groups base_size, tile] of its keys, [tile, tile] scores.
  TokenMatrix<float> transposed_, scores_;
  // [groups base_size, d_v + 1], relative to e^largest_.
  TokenMatrix<float> state_;
  float largest_ = 0;
  bool is_centred_ = false;
  Eigen::RowVectorXf centre_;
  Eigen::VectorXf denominators_, weights_, scales_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_LINEAR_ATTENTION_H_
