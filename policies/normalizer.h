// Whitens the state that a policy reads with running moments.
//
// Part of the policy: frozen within a generation, kept in checkpoints, exported
// with it. Immutable, thread-safe; building one is O(state size), applying it
// about 0.3 ns a coordinate.
#ifndef STARLING_POLICIES_NORMALIZER_H_
#define STARLING_POLICIES_NORMALIZER_H_

#include <Eigen/Core>

#include "base/moments.h"
#include "base/vectors.h"
#include "proto/experiment.pb.h"

namespace starling {

class Normalizer {
 public:
  // Variances below this count as those of a constant: the output is 0.
  static constexpr double kConstantVariance = 1e-14;
  // Smallest variance that is divided by.
  static constexpr double kMinVariance = 1e-4;

  // The identity over vectors of length `size` >= 0.
  explicit Normalizer(int size);
  // Whitening by `moments`. The identity if the normaliser is disabled or fewer
  // than two observations were seen.
  Normalizer(const v1::NormalizerConfig& config, const Moments& moments);
  // Of what mean(), scale() and clip() gave.
  Normalizer(Eigen::VectorXf mean, Eigen::VectorXf scale, float clip);

  int size() const { return static_cast<int>(mean_.size()); }
  bool is_identity() const { return is_identity_; }

  // y = cut((x - mean) * scale) at +-clip, float arithmetic in this order, the
  // same bits for every address. x, y [size]; they may be the same memory. NaN
  // stays NaN. CHECK-fails on another length. No allocation.
  void Apply(ConstVectorRef x, VectorRef y) const;

  // [size] each: rounded to float once. scale is 1 / standard deviation, 0 for
  // a constant coordinate. Without use while is_identity().
  const Eigen::VectorXf& mean() const { return mean_; }
  const Eigen::VectorXf& scale() const { return scale_; }
  // > 0; +infinity: no limit.
  float clip() const { return clip_; }

 private:
  bool is_identity_;
  Eigen::VectorXf mean_;
  Eigen::VectorXf scale_;
  float clip_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_NORMALIZER_H_
