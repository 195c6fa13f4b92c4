#include "policies/attention/linear_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/linalg.h"
#include "base/log.h"
#include "base/math.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr Eigen::Index kTile = 128;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

absl::Status CheckFinite(const char* name, TokensRef matrix) {
  if (matrix.allFinite()) return absl::OkStatus();
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      if (std::isfinite(matrix(i, j))) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": row ", i, ", column ", j, " is ", matrix(i, j),
                       "; attention needs finite numbers"));
    }
  }
  return absl::OkStatus();
}

// A group's multiplier on one side: queries carry the signs.
FeatureMap::Group SignsOf(Side side, const FeatureMap::Group& group) {
  return side == Side::kQuery ? group : FeatureMap::Group{1, 1};
}

}  // namespace

LinearAttention::LinearAttention(std::shared_ptr<const FeatureMap> map,
                                 const LinearAttentionOptions& options)
    : map_(std::move(map)), options_(options) {
  CHECK_GT(options_.scale, 0);
  CHECK_GT(options_.denominator_floor, 0);
}

absl::Status LinearAttention::Check(TokensRef q, TokensRef k) const {
  if (q.cols() != map_->dim() || k.cols() != map_->dim()) {
    return absl::InvalidArgumentError(
        absl::StrCat("queries have ", q.cols(), " numbers and keys ", k.cols(),
                     "; the features are made for ", map_->dim()));
  }
  RETURN_IF_ERROR(CheckFinite("queries", q));
  return CheckFinite("keys", k);
}

void LinearAttention::Centre(TokensRef k) {
  is_centred_ = options_.center_keys && map_->is_softmax();
  if (!is_centred_) return;
  centre_.setZero(k.cols());
  for (Eigen::Index i = 0; i < k.rows(); ++i) centre_ += k.row(i);
  centre_ /= static_cast<float>(k.rows());
}

int LinearAttention::MapTile(Side side, TokensRef tokens, Eigen::Index first) {
  const Eigen::Index count = std::min(kTile, tokens.rows() - first);
  Reserve(count, tokens.cols(), &tokens_);
  auto tile = tokens_.topRows(count);
  tile = tokens.middleRows(first, count);
  if (side == Side::kKey && is_centred_) tile.rowwise() -= centre_;
  if (options_.scale != 1) tile *= std::sqrt(options_.scale);
  map_->Map(side, tokens_.data(), static_cast<int>(count), &features_);
  return static_cast<int>(count);
}

const TokenMatrix<float>& LinearAttention::Group(Side side, size_t g,
                                                 int count) {
  const FeatureMap::Group signs = SignsOf(side, map_->groups()[g]);
  const bool has_weights = features_.weights.size() > 0;
  if (!has_weights && signs.first == 1 && signs.second == 1) {
    return features_.base;
  }
  const int first = map_->first_size(), size = map_->base_size();
  Reserve(count, size, &group_);
  for (int t = 0; t < count; ++t) {
    const float weight =
        has_weights ? features_.weights(t, static_cast<Eigen::Index>(g)) : 1;
    const float* const from = &features_.base(t, 0);
    float* const to = &group_(t, 0);
    MultiplyAdd(from, first, weight * static_cast<float>(signs.first), 0, to);
    MultiplyAdd(from + first, size - first,
                weight * static_cast<float>(signs.second), 0, to + first);
  }
  return group_;
}

void LinearAttention::AddKeys(
    TokensRef k, const Eigen::Ref<const TokenMatrix<float>>* values) {
  const Eigen::Index width = 1 + (values == nullptr ? 0 : values->cols());
  const int size = map_->base_size();
  state_.setZero(map_->feature_dim(), width);
  largest_ = kNothing;
  for (Eigen::Index first = 0; first < k.rows(); first += kTile) {
    const int count = MapTile(Side::kKey, k, first);
    const float largest =
        std::max(largest_, features_.log_scale.head(count).maxCoeff());
    if (largest > largest_) {
      if (largest_ != kNothing) state_ *= Exp(largest_ - largest);
      largest_ = largest;
    }
    // [1, value] times the key's scale.
    Reserve(count, width, &values_);
    for (int t = 0; t < count; ++t) {
      const float scale = Exp(features_.log_scale[t] - largest_);
      values_(t, 0) = scale;
      for (Eigen::Index c = 1; c < width; ++c) {
        values_(t, c) = scale * (*values)(first + t, c - 1);
      }
    }
    for (size_t g = 0; g < map_->groups().size(); ++g) {
      state_.middleRows(static_cast<Eigen::Index>(g) * size, size).noalias() +=
          Group(Side::kKey, g, count).topRows(count).transpose() *
          values_.topRows(count);
    }
  }
}

void LinearAttention::Guard(Eigen::VectorXf* denominators) {
  if (!map_->is_signed()) {
    // Positive in exact arithmetic; a sum that has vanished must not divide.
    for (float& d : *denominators) {
      if (!(d > std::numeric_limits<float>::min())) {
        d = std::numeric_limits<float>::min();
        ++floored_;
      }
    }
    return;
  }
  double mean = 0;
  for (const float d : *denominators) mean += std::fabs(d);
  mean /= static_cast<double>(denominators->size());
  const float floor =
      std::max(static_cast<float>(mean) * options_.denominator_floor,
               std::numeric_limits<float>::min());
  for (float& d : *denominators) {
    if (!(d >= floor)) {
      d = floor;
      ++floored_;
    }
  }
}

absl::Status LinearAttention::Attend(TokensRef q, TokensRef k, TokensRef v,
                                     TokenMatrix<float>* out) {
  RETURN_IF_ERROR(Check(q, k));
  if (v.rows() != k.rows()) {
    return absl::InvalidArgumentError(
        absl::StrCat(v.rows(), " values for ", k.rows(), " keys"));
  }
  RETURN_IF_ERROR(CheckFinite("values", v));
  out->setZero(q.rows(), v.cols());
  if (q.rows() == 0 || k.rows() == 0) return absl::OkStatus();
  Centre(k);
  AddKeys(k, &v);
  const int size = map_->base_size();
  denominators_.resize(q.rows());
  for (Eigen::Index first = 0; first < q.rows(); first += kTile) {
    const int count = MapTile(Side::kQuery, q, first);
    Reserve(count, v.cols() + 1, &values_);
    values_.topRows(count).setZero();
    for (size_t g = 0; g < map_->groups().size(); ++g) {
      values_.topRows(count).noalias() +=
          Group(Side::kQuery, g, count).topRows(count) *
          state_.middleRows(static_cast<Eigen::Index>(g) * size, size);
    }
    denominators_.segment(first, count) = values_.col(0).head(count);
    out->middleRows(first, count) = values_.topRows(count).rightCols(v.cols());
  }
  Guard(&denominators_);
  for (Eigen::Index i = 0; i < q.rows(); ++i) out->row(i) /= denominators_[i];
  return absl::OkStatus();
}

absl::Status LinearAttention::ColumnSums(TokensRef q, TokensRef k,
                                         Eigen::VectorXf* sums) {
  RETURN_IF_ERROR(Check(q, k));
  sums->setZero(k.rows());
  if (q.rows() == 0 || k.rows() == 0) return absl::OkStatus();
  Centre(k);
  AddKeys(k, nullptr);
  const int size = map_->base_size();
  // Signed denominators need all of them before the first can be judged.
  denominators_.setZero(q.rows());
  for (Eigen::Index first = 0; first < q.rows(); first += kTile) {
    const int count = MapTile(Side::kQuery, q, first);
    for (size_t g = 0; g < map_->groups().size(); ++g) {
      denominators_.segment(first, count).noalias() +=
          Group(Side::kQuery, g, count).topRows(count) *
          state_.col(0).segment(static_cast<Eigen::Index>(g) * size, size);
    }
  }
  Guard(&denominators_);
  denominators_ = denominators_.cwiseInverse();
  weights_.setZero(map_->feature_dim());
  for (Eigen::Index first = 0; first < q.rows(); first += kTile) {
    const int count = MapTile(Side::kQuery, q, first);
    for (size_t g = 0; g < map_->groups().size(); ++g) {
      weights_.segment(static_cast<Eigen::Index>(g) * size, size).noalias() +=
          Group(Side::kQuery, g, count).topRows(count).transpose() *
          denominators_.segment(first, count);
    }
  }
  for (Eigen::Index first = 0; first < k.rows(); first += kTile) {
    const int count = MapTile(Side::kKey, k, first);
    for (size_t g = 0; g < map_->groups().size(); ++g) {
      sums->segment(first, count).noalias() +=
          Group(Side::kKey, g, count).topRows(count) *
          weights_.segment(static_cast<Eigen::Index>(g) * size, size);
    }
    for (int t = 0; t < count; ++t) {
      (*sums)[first + t] *= Exp(features_.log_scale[t] - largest_);
    }
  }
  return absl::OkStatus();
}

absl::Status LinearAttention::AttendCausally(TokensRef q, TokensRef k,
                                             TokensRef v,
                                             TokenMatrix<float>* out) {
  RETURN_IF_ERROR(Check(q, k));
  if (q.rows() != k.rows() || v.rows() != k.rows()) {
    return absl::InvalidArgumentError(
        absl::StrCat("causal attention of ", q.rows(), " queries, ", k.rows(),
                     " keys and ", v.rows(), " values; all must be as many"));
  }
  RETURN_IF_ERROR(CheckFinite("values", v));
  out->setZero(q.rows(), v.cols());
  CausalState state(map_, static_cast<int>(v.cols()), options_.scale);
  for (Eigen::Index i = 0; i < q.rows(); ++i) {
    state.Append(k.row(i).data(), v.row(i).data());
    if (!state.Query(q.row(i).data(), out->row(i).data())) ++floored_;
  }
  return absl::OkStatus();
}

CausalState::CausalState(std::shared_ptr<const FeatureMap> map, int value_size,
                         float scale)
    : map_(std::move(map)),
      value_size_(value_size),
      root_scale_(std::sqrt(scale)),
      token_(map_->dim()),
      state_(map_->feature_dim(), value_size + 1),
      sums_(value_size + 1) {
  Reset();
}

void CausalState::Reset() {
  state_.setZero();
  largest_ = kNothing;
  is_empty_ = true;
}

void CausalState::Append(const float* key, const float* value) {
  const int dim = map_->dim(), size = map_->base_size();
  token_ = Eigen::Map<const Eigen::VectorXf>(key, dim) * root_scale_;
  map_->Map(Side::kKey, token_.data(), 1, &features_);
  const float log_scale = features_.log_scale[0];
  if (log_scale > largest_) {
    if (!is_empty_) state_ *= Exp(largest_ - log_scale);
    largest_ = log_scale;
  }
  is_empty_ = false;
  const float scale = Exp(log_scale - largest_);
  for (size_t g = 0; g < map_->groups().size(); ++g) {
    const auto group = static_cast<Eigen::Index>(g);
    const float weight =
        features_.weights.size() > 0 ? features_.weights(0, group) : 1;
    for (int i = 0; i < size; ++i) {
      const float feature = scale * weight * features_.base(0, i);
      float* const row = &state_(group * size + i, 0);
      row[0] += feature;
      for (int c = 0; c < value_size_; ++c) row[c + 1] += feature * value[c];
    }
  }
}

bool CausalState::Query(const float* query, float* out) {
  std::fill(out, out + value_size_, 0.0f);
  if (is_empty_) return true;
  const int dim = map_->dim(), size = map_->base_size();
  token_ = Eigen::Map<const Eigen::VectorXf>(query, dim) * root_scale_;
  map_->Map(Side::kQuery, token_.data(), 1, &features_);
  sums_.setZero();
  for (size_t g = 0; g < map_->groups().size(); ++g) {
    const auto group = static_cast<Eigen::Index>(g);
    const FeatureMap::Group& signs = map_->groups()[g];
    const float weight =
        features_.weights.size() > 0 ? features_.weights(0, group) : 1;
    for (int i = 0; i < size; ++i) {
      const auto sign = static_cast<float>(
          i < map_->first_size() ? signs.first : signs.second);
      sums_ +=
          sign * weight * features_.base(0, i) * state_.row(group * size + i);
    }
  }
  const bool is_positive = sums_[0] > std::numeric_limits<float>::min();
  const float denominator =
      is_positive ? sums_[0] : std::numeric_limits<float>::min();
  for (int c = 0; c < value_size_; ++c) out[c] = sums_[c + 1] / denominator;
  return is_positive;
}

}  // namespace starling
