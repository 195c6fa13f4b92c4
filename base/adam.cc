#include "base/adam.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/saved_vector.h"
#include "base/status.h"

namespace starling {

Eigen::VectorXd Adam::Step(const Eigen::VectorXd& ascent) {
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

v1::AdamState Adam::Save() const {
  v1::AdamState state;
  SaveVector(first_moment_, state.mutable_first_moment());
  SaveVector(second_moment_, state.mutable_second_moment());
  state.set_beta1_power(beta1_power_);
  state.set_beta2_power(beta2_power_);
  return state;
}

absl::Status Adam::Restore(const v1::AdamState& state) {
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
  RETURN_IF_ERROR(
      RestoreVector(state.first_moment(), "adam first moment", &first_moment));
  RETURN_IF_ERROR(RestoreVector(state.second_moment(), "adam second moment",
                                &second_moment));
  first_moment_ = std::move(first_moment);
  second_moment_ = std::move(second_moment);
  beta1_power_ = state.beta1_power();
  beta2_power_ = state.beta2_power();
  return absl::OkStatus();
}

}  // namespace starling
