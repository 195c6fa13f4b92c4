#include "policies/attention/causal_state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/math.h"

namespace starling {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

}  // namespace

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
