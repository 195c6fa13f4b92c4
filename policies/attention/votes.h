// Votes of tokens for each other, by exact attention or by random features.
#ifndef STARLING_POLICIES_ATTENTION_VOTES_H_
#define STARLING_POLICIES_ATTENTION_VOTES_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "policies/attention/exact_attention.h"
#include "policies/attention/linear_attention.h"
#include "proto/policy.pb.h"

namespace starling {

// Not thread-safe; allocates nothing once it is warm.
class Votes {
 public:
  // `scale` of scores as in LinearAttentionOptions; tokens of `dim` numbers.
  // InvalidArgument: what MakeFeatures refuses.
  static absl::StatusOr<std::unique_ptr<Votes>> Create(
      const v1::ImplicitAttention& config, int dim, float scale);

  // votes [L] for queries and keys [L, dim]. Normalised ones sum to L; others
  // are multiples of a number of the frame's. InvalidArgument: a number that is
  // not finite.
  absl::Status Count(TokensRef q, TokensRef k, Eigen::VectorXf* votes);

  // Multiply-adds for so many tokens.
  int64_t Cost(int64_t tokens) const;

 private:
  Votes(v1::ImplicitAttention::Vote vote, int dim, float scale)
      : vote_(vote), dim_(dim), exact_(scale) {}

  const v1::ImplicitAttention::Vote vote_;
  const int dim_;
  std::optional<LinearAttention> linear_;
  ExactAttention exact_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_VOTES_H_
