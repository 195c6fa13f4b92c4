// Gradient ascent with momentum.
//
//   v <- mu v + (1 - mu) ghat        theta <- theta + alpha v
//
// The factor 1 - mu keeps the length of a step in a constant gradient at
// alpha |ghat| whatever mu is: mu can be tuned without touching alpha.
#include <Eigen/Core>
#include <memory>
#include <string>

#include "aggregator/es/optimizer.h"
#include "base/log.h"
#include "base/saved_vector.h"
#include "base/status.h"
#include "proto/strategy_state.pb.h"

namespace starling {
namespace {

class SgdOptimizer : public Optimizer {
 public:
  // Without momentum there is nothing to remember.
  SgdOptimizer(const v1::Sgd& config, int size)
      : config_(config),
        size_(size),
        velocity_(Eigen::VectorXd::Zero(config.momentum() == 0 ? 0 : size)) {}

  Eigen::VectorXd Step(const Eigen::VectorXd& ascent) override {
    CHECK_EQ(ascent.size(), size_);
    const double momentum = config_.momentum();
    Eigen::VectorXd step(size_);
    for (int i = 0; i < size_; ++i) {
      double velocity = ascent[i];
      if (momentum != 0) {
        velocity = momentum * velocity_[i] + (1 - momentum) * ascent[i];
        velocity_[i] = velocity;
      }
      step[i] = config_.step_size() * velocity;
    }
    return step;
  }

  std::unique_ptr<Optimizer> Clone() const override {
    return std::make_unique<SgdOptimizer>(*this);
  }

  std::string Save() const override {
    v1::VelocityState state;
    SaveVector(velocity_, state.mutable_velocity());
    return state.SerializeAsString();
  }

  absl::Status Restore(const std::string& bytes) override {
    v1::VelocityState state;
    if (!state.ParseFromString(bytes)) {
      return absl::DataLossError("saved sgd state is damaged");
    }
    return RestoreVector(state.velocity(), "sgd velocity", &velocity_);
  }

 private:
  const v1::Sgd config_;
  const int size_;
  Eigen::VectorXd velocity_;
};

STARLING_REGISTER_OPTIMIZER(sgd,
                            [](const v1::OptimizerConfig& config, int size)
                                -> absl::StatusOr<std::unique_ptr<Optimizer>> {
                              return std::make_unique<SgdOptimizer>(
                                  config.sgd(), size);
                            });

}  // namespace
}  // namespace starling
