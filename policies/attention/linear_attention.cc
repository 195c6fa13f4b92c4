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
#include "policies/attention/kernel_error.h"

namespace starling {
namespace {

constexpr int kTile = 128;
// Half of a tile's scores are for nothing: smaller ones.
constexpr int kCausalTile = 32;
// Features of one side that are kept from a first pass for a second.
constexpr int64_t kMostKept = int64_t{1} << 18;
constexpr float kNothing = -std::numeric_limits<float>::infinity();

// The sum of squares of a matrix whose elements are all finite.
absl::StatusOr<float> SumOfSquares(const char* name, TokensRef matrix) {
  // Not finite if an element is not; the other way round it is only large.
  const float squares = matrix.squaredNorm();
  if (std::isfinite(squares)) return squares;
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      if (std::isfinite(matrix(i, j))) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": row ", i, ", column ", j, " is ", matrix(i, j),
                       "; attention needs finite numbers"));
    }
  }
  return squares;
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

absl::Status LinearAttention::Begin(TokensRef q, TokensRef k, bool may_centre) {
  if (q.cols() != map_->dim() || k.cols() != map_->dim()) {
    return absl::InvalidArgumentError(
        absl::StrCat("queries have ", q.cols(), " numbers and keys ", k.cols(),
                     "; the features are made for ", map_->dim()));
  }
  ASSIGN_OR_RETURN(float squares, SumOfSquares("queries", q));
  ASSIGN_OR_RETURN(const float key_squares, SumOfSquares("keys", k));
  squares += key_squares;
  if (q.rows() == 0 || k.rows() == 0) return absl::OkStatus();
  is_centred_ = may_centre && options_.center_keys && map_->is_softmax();
  if (is_centred_) {
    centre_.setZero(k.cols());
    for (Eigen::Index i = 0; i < k.rows(); ++i) centre_ += k.row(i);
    centre_ /= static_cast<float>(k.rows());
    squares -= static_cast<float>(k.rows()) * centre_.squaredNorm();
  }
  // The formula takes a while: only for lengths not seen yet.
  const float norm = std::sqrt(options_.scale * squares /
                               static_cast<float>(q.rows() + k.rows()));
  if (norm > 1.1f * examined_) {
    examined_ = norm;
    warning_ = WarningOfError(map_->config(), norm);
    if (!warning_.empty()) {
      LOG_FIRST_N(WARNING, 1) << warning_;
    }
  }
  return absl::OkStatus();
}

LinearAttention::Tile LinearAttention::MapTile(Side side, TokensRef tokens,
                                               Eigen::Index first, int most) {
  const Eigen::Index count =
      std::min<Eigen::Index>(most, tokens.rows() - first);
  Reserve(count, tokens.cols(), &tokens_);
  auto tile = tokens_.topRows(count);
  tile = tokens.middleRows(first, count);
  if (side == Side::kKey && is_centred_) tile.rowwise() -= centre_;
  if (options_.scale != 1) tile *= std::sqrt(options_.scale);
  Features<float>& features = side == Side::kKey ? keys_ : queries_;
  map_->Map(side, tokens_.data(), static_cast<int>(count), &features);
  return {side, &features, 0, static_cast<int>(count)};
}

LinearAttention::Tile LinearAttention::TileOf(Side side, TokensRef tokens,
                                              Eigen::Index first, int pass) {
  if (tokens.rows() * map_->base_size() > kMostKept) {
    return MapTile(side, tokens, first, kTile);
  }
  if (pass == 0 && first == 0) {
    MapTile(side, tokens, 0, static_cast<int>(tokens.rows()));
  }
  return {
      side, side == Side::kKey ? &keys_ : &queries_, first,
      static_cast<int>(std::min<Eigen::Index>(kTile, tokens.rows() - first))};
}

const float* LinearAttention::Group(const Tile& tile, size_t g) {
  const FeatureMap::Group signs = SignsOf(tile.side, map_->groups()[g]);
  const Features<float>& features = *tile.features;
  const bool has_weights = features.weights.size() > 0;
  const int first = map_->first_size(), size = map_->base_size();
  const float* from = features.base.data() + tile.row * size;
  if (!has_weights && signs.first == 1 && signs.second == 1) return from;
  Reserve(tile.count, size, &group_);
  float* to = group_.data();
  for (int t = 0; t < tile.count; ++t, from += size, to += size) {
    const float weight =
        has_weights
            ? features.weights(tile.row + t, static_cast<Eigen::Index>(g))
            : 1;
    MultiplyAdd(from, first, weight * static_cast<float>(signs.first), 0, to);
    MultiplyAdd(from + first, size - first,
                weight * static_cast<float>(signs.second), 0, to + first);
  }
  return group_.data();
}

void LinearAttention::ScaleOf(const Tile& keys) {
  Reserve(keys.count, &scales_);
  MultiplyAdd(keys.features->log_scale.data() + keys.row, keys.count, 1,
              -largest_, scales_.data());
  Exp(scales_.data(), keys.count, scales_.data());
}

void LinearAttention::AddWeighted(const Tile& tile, const float* factors,
                                  float* sums) {
  const int size = map_->base_size();
  const float* const base = tile.features->base.data() + tile.row * size;
  const auto groups = static_cast<int>(tile.features->weights.cols());
  if (groups == 0) {
    GemmTransposed(base, factors, size, tile.count, 1, true, sums);
    return;
  }
  Reserve(tile.count, groups, &group_weights_);
  for (int t = 0; t < tile.count; ++t) {
    MultiplyAdd(&tile.features->weights(tile.row + t, 0), groups, factors[t], 0,
                &group_weights_(t, 0));
  }
  GemmTransposed(group_weights_.data(), base, groups, tile.count, size, true,
                 sums);
}

void LinearAttention::DotWeighted(const Tile& tile, const float* sums,
                                  float* dots) {
  const int size = map_->base_size();
  const float* const base = tile.features->base.data() + tile.row * size;
  const auto groups = static_cast<int>(tile.features->weights.cols());
  if (groups == 0) {
    Gemv(base, sums, tile.count, size, false, dots);
    return;
  }
  Reserve(tile.count, size, &group_);
  Gemm(tile.features->weights.data() + tile.row * groups, sums, tile.count,
       groups, size, false, group_.data());
  for (int t = 0; t < tile.count; ++t) {
    dots[t] = Dot(base + int64_t{t} * size, &group_(t, 0), size);
  }
}

void LinearAttention::ApplySigns(float* sums) const {
  const int first = map_->first_size(), size = map_->base_size();
  for (const FeatureMap::Group& group : map_->groups()) {
    MultiplyAdd(sums, first, static_cast<float>(group.first), 0, sums);
    MultiplyAdd(sums + first, size - first, static_cast<float>(group.second), 0,
                sums + first);
    sums += size;
  }
}

void LinearAttention::AddTile(
    const Tile& keys, const Eigen::Ref<const TokenMatrix<float>>* values,
    Eigen::Index first) {
  const auto width = static_cast<int>(state_.cols());
  const int size = map_->base_size();
  const float largest = std::max(
      largest_, Max(keys.features->log_scale.data() + keys.row, keys.count));
  if (largest > largest_) {
    if (largest_ != kNothing) state_ *= Exp(largest_ - largest);
    largest_ = largest;
  }
  ScaleOf(keys);
  if (values == nullptr) {
    AddWeighted(keys, scales_.data(), state_.data());
    return;
  }
  // [1, value] times the key's scale.
  Reserve(keys.count, width, &values_);
  for (int t = 0; t < keys.count; ++t) {
    values_(t, 0) = scales_[t];
    for (int c = 1; c < width; ++c) {
      values_(t, c) = scales_[t] * (*values)(first + t, c - 1);
    }
  }
  for (size_t g = 0; g < map_->groups().size(); ++g) {
    GemmTransposed(Group(keys, g), values_.data(), size, keys.count, width,
                   true,
                   state_.data() + static_cast<int64_t>(g) * size * width);
  }
}

void LinearAttention::AddKeys(
    TokensRef k, const Eigen::Ref<const TokenMatrix<float>>* values) {
  state_.setZero(map_->feature_dim(),
                 1 + (values == nullptr ? 0 : values->cols()));
  largest_ = kNothing;
  for (Eigen::Index first = 0; first < k.rows(); first += kTile) {
    // With values there is no second pass.
    AddTile(values != nullptr ? MapTile(Side::kKey, k, first, kTile)
                              : TileOf(Side::kKey, k, first, 0),
            values, first);
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
  RETURN_IF_ERROR(Begin(q, k, true));
  if (v.rows() != k.rows()) {
    return absl::InvalidArgumentError(
        absl::StrCat(v.rows(), " values for ", k.rows(), " keys"));
  }
  RETURN_IF_ERROR(SumOfSquares("values", v).status());
  out->setZero(q.rows(), v.cols());
  if (q.rows() == 0 || k.rows() == 0) return absl::OkStatus();
  AddKeys(k, &v);
  const int size = map_->base_size();
  const auto width = static_cast<int>(v.cols()) + 1;
  denominators_.resize(q.rows());
  for (Eigen::Index first = 0; first < q.rows(); first += kTile) {
    const Tile tile = MapTile(Side::kQuery, q, first, kTile);
    Reserve(tile.count, width, &sums_);
    for (size_t g = 0; g < map_->groups().size(); ++g) {
      Gemm(Group(tile, g),
           state_.data() + static_cast<int64_t>(g) * size * width, tile.count,
           size, width, g > 0, sums_.data());
    }
    denominators_.segment(first, tile.count) = sums_.col(0).head(tile.count);
    out->middleRows(first, tile.count) =
        sums_.topRows(tile.count).rightCols(v.cols());
  }
  Guard(&denominators_);
  for (Eigen::Index i = 0; i < q.rows(); ++i) out->row(i) /= denominators_[i];
  return absl::OkStatus();
}

absl::Status LinearAttention::ColumnSums(TokensRef q, TokensRef k,
                                         Eigen::VectorXf* sums) {
  RETURN_IF_ERROR(Begin(q, k, true));
  sums->setZero(k.rows());
  if (q.rows() == 0 || k.rows() == 0) return absl::OkStatus();
  AddKeys(k, nullptr);
  ApplySigns(state_.data());
  // Signed denominators need all of them before the first can be judged.
  denominators_.resize(q.rows());
  for (Eigen::Index first = 0; first < q.rows(); first += kTile) {
    DotWeighted(TileOf(Side::kQuery, q, first, 0), state_.data(),
                &denominators_[first]);
  }
  Guard(&denominators_);
  for (float& denominator : denominators_) denominator = 1 / denominator;
  weights_.setZero(map_->feature_dim());
  for (Eigen::Index first = 0; first < q.rows(); first += kTile) {
    AddWeighted(TileOf(Side::kQuery, q, first, 1), &denominators_[first],
                weights_.data());
  }
  ApplySigns(weights_.data());
  for (Eigen::Index first = 0; first < k.rows(); first += kTile) {
    const Tile tile = TileOf(Side::kKey, k, first, 1);
    DotWeighted(tile, weights_.data(), &(*sums)[first]);
    ScaleOf(tile);
    for (int t = 0; t < tile.count; ++t) (*sums)[first + t] *= scales_[t];
  }
  return absl::OkStatus();
}

absl::Status LinearAttention::KernelSums(TokensRef q, TokensRef k, Side of,
                                         Eigen::VectorXf* sums) {
  RETURN_IF_ERROR(Begin(q, k, false));
  TokensRef tokens = of == Side::kKey ? k : q;
  TokensRef others = of == Side::kKey ? q : k;
  const Side side = of == Side::kKey ? Side::kQuery : Side::kKey;
  sums->setZero(tokens.rows());
  if (q.rows() == 0 || k.rows() == 0) return absl::OkStatus();
  state_.setZero(map_->feature_dim(), 1);
  largest_ = kNothing;
  for (Eigen::Index first = 0; first < others.rows(); first += kTile) {
    AddTile(MapTile(side, others, first, kTile), nullptr, first);
  }
  ApplySigns(state_.data());
  // Here: each token's scale.
  denominators_.resize(tokens.rows());
  for (Eigen::Index first = 0; first < tokens.rows(); first += kTile) {
    const Tile tile = MapTile(of, tokens, first, kTile);
    DotWeighted(tile, state_.data(), &(*sums)[first]);
    denominators_.segment(first, tile.count) =
        tile.features->log_scale.head(tile.count);
  }
  const auto count = static_cast<int64_t>(denominators_.size());
  MultiplyAdd(denominators_.data(), count, 1, -Max(denominators_.data(), count),
              denominators_.data());
  Exp(denominators_.data(), count, denominators_.data());
  *sums = sums->cwiseProduct(denominators_);
  return absl::OkStatus();
}

absl::Status LinearAttention::AttendCausally(TokensRef q, TokensRef k,
                                             TokensRef v,
                                             TokenMatrix<float>* out) {
  if (q.rows() != k.rows() || v.rows() != k.rows()) {
    return absl::InvalidArgumentError(
        absl::StrCat("causal attention of ", q.rows(), " queries, ", k.rows(),
                     " keys and ", v.rows(), " values; all must be as many"));
  }
  RETURN_IF_ERROR(Begin(q, k, false));
  RETURN_IF_ERROR(SumOfSquares("values", v).status());
  out->setZero(q.rows(), v.cols());
  const int size = map_->base_size();
  const auto width = static_cast<int>(v.cols()) + 1;
  const size_t groups = map_->groups().size();
  state_.setZero(map_->feature_dim(), width);
  largest_ = kNothing;
  Reserve(map_->feature_dim(), kCausalTile, &transposed_);
  Reserve(kCausalTile, kCausalTile, &scores_);
  Reserve(kCausalTile, &scales_);
  Reserve(kCausalTile, width, &sums_);
  // Keys before the tile are in the state, those within are scored one by one.
  // A row's scale is the largest up to its own key: nothing that comes later
  // touches it.
  for (Eigen::Index first = 0; first < q.rows(); first += kCausalTile) {
    const Tile keys = MapTile(Side::kKey, k, first, kCausalTile);
    const Tile queries = MapTile(Side::kQuery, q, first, kCausalTile);
    const int count = keys.count;
    for (size_t g = 0; g < groups; ++g) {
      const float* const group = Group(keys, g);
      float* const to =
          transposed_.data() + static_cast<int64_t>(g) * size * count;
      for (int t = 0; t < count; ++t) {
        for (int i = 0; i < size; ++i) to[i * count + t] = group[t * size + i];
      }
    }
    for (size_t g = 0; g < groups; ++g) {
      const float* const group = Group(queries, g);
      Gemm(group, transposed_.data() + static_cast<int64_t>(g) * size * count,
           count, size, count, g > 0, scores_.data());
      Gemm(group, state_.data() + static_cast<int64_t>(g) * size * width, count,
           size, width, g > 0, sums_.data());
    }
    float largest = largest_;
    float* scores = scores_.data();
    for (int i = 0; i < count; ++i, scores += count) {
      largest = std::max(largest, keys_.log_scale[i]);
      // The state's scale, and each key's, relative to the row's.
      MultiplyAdd(&sums_(i, 0), width,
                  largest_ == kNothing ? 0 : Exp(largest_ - largest), 0,
                  &sums_(i, 0));
      MultiplyAdd(keys_.log_scale.data(), i + 1, 1, -largest, scales_.data());
      Exp(scales_.data(), i + 1, scales_.data());
      for (int j = 0; j <= i; ++j) scores[j] *= scales_[j];
      std::fill(scores + i + 1, scores + count, 0.0f);
    }
    Reserve(count, width, &values_);
    values_.topRows(count).col(0).setOnes();
    values_.topRows(count).rightCols(v.cols()) = v.middleRows(first, count);
    Gemm(scores_.data(), values_.data(), count, count, width, true,
         sums_.data());
    for (int i = 0; i < count; ++i) {
      float denominator = sums_(i, 0);
      if (!(denominator > std::numeric_limits<float>::min())) {
        denominator = std::numeric_limits<float>::min();
        ++floored_;
      }
      out->row(first + i) = sums_.row(i).tail(v.cols()) / denominator;
    }
    AddTile(keys, &v, first);
  }
  return absl::OkStatus();
}

}  // namespace starling
