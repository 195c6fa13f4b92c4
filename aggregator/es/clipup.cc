// ClipUp: pushes of a set length along the gradient, with a speed limit.
//
//   v <- mu v + alpha ghat / |ghat|     (no push where ghat = 0)
//   v <- v min(1, v_max / |v|)          theta <- theta + v
//
// Only the gradient's direction counts, so the scale of rewards does not, and
// v_max says how far the parameters can go in one generation.
// Paper: "ClipUp: A Simple and Powerful Optimizer for Distribution-based Policy
// Evolution".
#include <Eigen/Core>
#include <memory>
#include <string>

#include "absl/types/span.h"
#include "aggregator/es/norm.h"
#include "aggregator/es/optimizer.h"
#include "base/log.h"
#include "base/saved_vector.h"
#include "base/status.h"
#include "proto/strategy_state.pb.h"

namespace starling {
namespace {

double Length(const Eigen::VectorXd& x) {
  return Norm(absl::MakeConstSpan(x.data(), x.size()));
}

class ClipUpOptimizer : public Optimizer {
 public:
  ClipUpOptimizer(const v1::ClipUp& config, int size)
      : max_speed_(config.max_speed()),
        push_(config.step_size() == 0 ? config.max_speed() / 2
                                      : config.step_size()),
        momentum_(config.momentum()),
        velocity_(Eigen::VectorXd::Zero(size)) {}

  Eigen::VectorXd Step(const Eigen::VectorXd& ascent) override {
    CHECK_EQ(ascent.size(), velocity_.size());
    const double length = Length(ascent);
    for (int i = 0; i < ascent.size(); ++i) {
      const double push = length == 0 ? 0 : push_ * (ascent[i] / length);
      velocity_[i] = momentum_ * velocity_[i] + push;
    }
    const double speed = Length(velocity_);
    if (speed > max_speed_) {
      const double brake = max_speed_ / speed;
      for (int i = 0; i < velocity_.size(); ++i) velocity_[i] *= brake;
    }
    return velocity_;
  }

  std::unique_ptr<Optimizer> Clone() const override {
    return std::make_unique<ClipUpOptimizer>(*this);
  }

  std::string Save() const override {
    v1::VelocityState state;
    SaveVector(velocity_, state.mutable_velocity());
    return state.SerializeAsString();
  }

  absl::Status Restore(const std::string& bytes) override {
    v1::VelocityState state;
    if (!state.ParseFromString(bytes)) {
      return absl::DataLossError("saved clipup state is damaged");
    }
    return RestoreVector(state.velocity(), "clipup velocity", &velocity_);
  }

 private:
  const double max_speed_;
  const double push_;
  const double momentum_;
  Eigen::VectorXd velocity_;
};

STARLING_REGISTER_OPTIMIZER(clipup,
                            [](const v1::OptimizerConfig& config, int size)
                                -> absl::StatusOr<std::unique_ptr<Optimizer>> {
                              return std::make_unique<ClipUpOptimizer>(
                                  config.clipup(), size);
                            });

}  // namespace
}  // namespace starling
