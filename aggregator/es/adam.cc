// Adam: a step whose scale in each coordinate follows the gradient's history.
//
//   m <- beta1 m + (1 - beta1) ghat
//   v <- beta2 v + (1 - beta2) ghat^2
//   theta <- theta + alpha sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) +
//   eps)
//
// The powers are kept as running products: pow() differs between machines.
// Paper: "Adam: A Method for Stochastic Optimization", the efficient form at
// the end of its section 2.
#include <Eigen/Core>
#include <cmath>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aggregator/es/optimizer.h"
#include "aggregator/es/saved_vector.h"
#include "base/log.h"
#include "base/status.h"
#include "proto/strategy_state.pb.h"

namespace starling {
namespace {

class AdamOptimizer : public Optimizer {
 public:
  AdamOptimizer(const v1::Adam& config, int size)
      : config_(config),
        first_moment_(Eigen::VectorXd::Zero(size)),
        second_moment_(Eigen::VectorXd::Zero(size)) {}

  Eigen::VectorXd Step(const Eigen::VectorXd& ascent) override {
    CHECK_EQ(ascent.size(), first_moment_.size());
    const double beta1 = config_.beta1();
    const double beta2 = config_.beta2();
    beta1_power_ *= beta1;
    beta2_power_ *= beta2;
    const double scale =
        config_.step_size() * std::sqrt(1 - beta2_power_) / (1 - beta1_power_);
    Eigen::VectorXd step(ascent.size());
    for (int i = 0; i < ascent.size(); ++i) {
      const double g = ascent[i];
      first_moment_[i] = beta1 * first_moment_[i] + (1 - beta1) * g;
      second_moment_[i] = beta2 * second_moment_[i] + (1 - beta2) * (g * g);
      step[i] = scale * first_moment_[i] /
                (std::sqrt(second_moment_[i]) + config_.epsilon());
    }
    return step;
  }

  std::unique_ptr<Optimizer> Clone() const override {
    return std::make_unique<AdamOptimizer>(*this);
  }

  std::string Save() const override {
    v1::AdamState state;
    SaveVector(first_moment_, state.mutable_first_moment());
    SaveVector(second_moment_, state.mutable_second_moment());
    state.set_beta1_power(beta1_power_);
    state.set_beta2_power(beta2_power_);
    return state.SerializeAsString();
  }

  absl::Status Restore(const std::string& bytes) override {
    v1::AdamState state;
    if (!state.ParseFromString(bytes)) {
      return absl::DataLossError("saved adam state is damaged");
    }
    for (const double power : {state.beta1_power(), state.beta2_power()}) {
      if (!(power >= 0 && power <= 1)) {
        return absl::DataLossError(absl::StrCat("saved adam power of beta is ",
                                                power, ", not in [0, 1]"));
      }
    }
    for (const double square : state.second_moment()) {
      if (square < 0) {
        return absl::DataLossError(
            absl::StrCat("saved adam second moment is negative: ", square));
      }
    }
    Eigen::VectorXd first_moment(first_moment_.size());
    Eigen::VectorXd second_moment(second_moment_.size());
    RETURN_IF_ERROR(RestoreVector(state.first_moment(), "adam first moment",
                                  &first_moment));
    RETURN_IF_ERROR(RestoreVector(state.second_moment(), "adam second moment",
                                  &second_moment));
    first_moment_ = std::move(first_moment);
    second_moment_ = std::move(second_moment);
    beta1_power_ = state.beta1_power();
    beta2_power_ = state.beta2_power();
    return absl::OkStatus();
  }

 private:
  const v1::Adam config_;
  Eigen::VectorXd first_moment_;
  Eigen::VectorXd second_moment_;
  // beta^t after t steps.
  double beta1_power_ = 1;
  double beta2_power_ = 1;
};

STARLING_REGISTER_OPTIMIZER(adam,
                            [](const v1::OptimizerConfig& config, int size)
                                -> absl::StatusOr<std::unique_ptr<Optimizer>> {
                              return std::make_unique<AdamOptimizer>(
                                  config.adam(), size);
                            });

}  // namespace
}  // namespace starling
