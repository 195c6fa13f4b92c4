// The optimiser `adam` (base/adam).
#include "base/adam.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "aggregator/es/optimizer.h"

namespace starling {
namespace {

class AdamOptimizer : public Optimizer {
 public:
  AdamOptimizer(const v1::Adam& config, int size) : adam_(config, size) {}

  Eigen::VectorXd Step(const Eigen::VectorXd& ascent) override {
    return adam_.Step(ascent);
  }
  std::unique_ptr<Optimizer> Clone() const override {
    return std::make_unique<AdamOptimizer>(*this);
  }
  std::string Save() const override { return adam_.Save().SerializeAsString(); }
  absl::Status Restore(const std::string& bytes) override {
    v1::AdamState state;
    if (!state.ParseFromString(bytes)) {
      return absl::DataLossError("saved adam state is damaged");
    }
    return adam_.Restore(state);
  }

 private:
  Adam adam_;
};

STARLING_REGISTER_OPTIMIZER(adam,
                            [](const v1::OptimizerConfig& config, int size)
                                -> absl::StatusOr<std::unique_ptr<Optimizer>> {
                              return std::make_unique<AdamOptimizer>(
                                  config.adam(), size);
                            });

}  // namespace
}  // namespace starling
