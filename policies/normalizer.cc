#include "policies/normalizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/log.h"

namespace starling {
namespace {

typedef float Lanes __attribute__((vector_size(32)));
constexpr int kLanes = 8;

// One coordinate, or eight: the same operations, so the same bits. A comparison
// with NaN is false, hence NaN passes both cuts.
template <typename T>
T Whiten(T x, T mean, T scale, T low, T high) {
  const T y = (x - mean) * scale;
  const T cut = y > high ? high : y;
  return cut < low ? low : cut;
}

Lanes Load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

}  // namespace

Normalizer::Normalizer(int size)
    : is_identity_(true),
      mean_(Eigen::VectorXf::Zero(size)),
      scale_(Eigen::VectorXf::Ones(size)),
      clip_(std::numeric_limits<float>::infinity()) {}

Normalizer::Normalizer(const v1::NormalizerConfig& config,
                       const Moments& moments)
    : Normalizer(moments.size()) {
  is_identity_ = !config.enabled() || moments.count() < 2;
  if (is_identity_) return;
  if (config.clip() > 0) clip_ = config.clip();
  for (int i = 0; i < moments.size(); ++i) {
    const double variance = moments.variance(i);
    mean_[i] = static_cast<float>(moments.mean(i));
    scale_[i] = variance < kConstantVariance
                    ? 0.0f
                    : static_cast<float>(
                          1.0 / std::sqrt(std::max(variance, kMinVariance)));
  }
}

Normalizer::Normalizer(Eigen::VectorXf mean, Eigen::VectorXf scale, float clip)
    : is_identity_(false),
      mean_(std::move(mean)),
      scale_(std::move(scale)),
      clip_(clip) {
  CHECK_EQ(mean_.size(), scale_.size());
  CHECK_GT(clip_, 0);
}

void Normalizer::Apply(ConstVectorRef x, VectorRef y) const {
  const int n = size();
  CHECK_EQ(x.size(), n);
  CHECK_EQ(y.size(), n);
  if (n == 0) return;  // there may be no memory at all
  if (is_identity_) {
    std::memmove(y.data(), x.data(), n * sizeof(float));
    return;
  }
  const Lanes high = Lanes{} + clip_;
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Lanes lanes = Whiten(Load(x.data() + i), Load(mean_.data() + i),
                               Load(scale_.data() + i), -high, high);
    std::memcpy(y.data() + i, &lanes, sizeof(lanes));
  }
  for (; i < n; ++i) {
    y[i] = Whiten(x[i], mean_[i], scale_[i], -clip_, clip_);
  }
}

}  // namespace starling
