// Adam: a step whose scale in each coordinate follows the gradient's history.
//
//   m <- beta1 m + (1 - beta1) g
//   v <- beta2 v + (1 - beta2) g^2
//   step = alpha sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps)
//
// The powers are kept as running products: pow() differs between machines.
// Paper: "Adam: A Method for Stochastic Optimization", the efficient form at
// the end of its section 2. Copyable; not thread-safe.
#ifndef STARLING_BASE_ADAM_H_
#define STARLING_BASE_ADAM_H_

#include <Eigen/Core>

#include "absl/status/status.h"
#include "proto/es.pb.h"
#include "proto/strategy_state.pb.h"

namespace starling {

class Adam {
 public:
  Adam(const v1::Adam& config, int size)
      : config_(config),
        first_moment_(Eigen::VectorXd::Zero(size)),
        second_moment_(Eigen::VectorXd::Zero(size)) {}

  // What to add to the parameters for this ascent direction [size].
  Eigen::VectorXd Step(const Eigen::VectorXd& ascent);

  v1::AdamState Save() const;
  // DataLoss, changing nothing, for what is not a Save of this size.
  absl::Status Restore(const v1::AdamState& state);

 private:
  v1::Adam config_;
  Eigen::VectorXd first_moment_;
  Eigen::VectorXd second_moment_;
  // beta^t after t steps.
  double beta1_power_ = 1;
  double beta2_power_ = 1;
};

}  // namespace starling

#endif  // STARLING_BASE_ADAM_H_
