// Causal attention token by token, for sequences that have no end.
#ifndef STARLING_POLICIES_ATTENTION_CAUSAL_STATE_H_
#define STARLING_POLICIES_ATTENTION_CAUSAL_STATE_H_

#include <Eigen/Core>
#include <memory>

#include "policies/attention/feature_map.h"

namespace starling {

// The sums over the keys so far, M (d_v + 1) numbers, relative to the largest
// of their scales. Not thread-safe.
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

#endif  // STARLING_POLICIES_ATTENTION_CAUSAL_STATE_H_
