#include "policies/attention/votes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace starling {

absl::StatusOr<std::unique_ptr<Votes>> Votes::Create(
    const v1::ImplicitAttention& config, int dim, float scale) {
  std::unique_ptr<Votes> votes(new Votes(config.vote(), dim, scale));
  if (!config.has_features()) return votes;
  ASSIGN_OR_RETURN(std::shared_ptr<const FeatureMap> map,
                   MakeFeatures(config.features(), dim));
  LinearAttentionOptions options;
  options.scale = scale;
  options.center_keys = config.center_keys();
  votes->linear_.emplace(std::move(map), options);
  return votes;
}

absl::Status Votes::Count(TokensRef q, TokensRef k, Eigen::VectorXf* votes) {
  using Config = v1::ImplicitAttention;
  const Side of = vote_ == Config::ROW_UNNORMALIZED ? Side::kQuery : Side::kKey;
  if (linear_) {
    return vote_ == Config::COLUMN_NORMALIZED
               ? linear_->ColumnSums(q, k, votes)
               : linear_->KernelSums(q, k, of, votes);
  }
  if (!q.allFinite() || !k.allFinite()) {
    return absl::InvalidArgumentError("a query or a key is not finite");
  }
  if (vote_ == Config::COLUMN_NORMALIZED) {
    exact_.ColumnSums(q, k, votes);
  } else {
    exact_.KernelSums(q, k, of, votes);
  }
  return absl::OkStatus();
}

int64_t Votes::Cost(int64_t tokens) const {
  // Scores twice, and the sum; or features of queries and keys, and two sums
  // and two products of each.
  if (!linear_) return tokens * tokens * (2 * dim_ + 1);
  return tokens * (2 * int64_t{dim_} * linear_->map().base_size() +
                   4 * int64_t{linear_->map().feature_dim()});
}

}  // namespace starling
