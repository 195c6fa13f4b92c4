// Optimisers: from an ascent direction to a step of the parameters.
//
//   theta <- theta + step(ghat)
//
// We maximise. State is in double, one order of operations, no libm except
// sqrt: the same bits everywhere. Not thread-safe.
#ifndef STARLING_AGGREGATOR_ES_OPTIMIZER_H_
#define STARLING_AGGREGATOR_ES_OPTIMIZER_H_

#include <Eigen/Core>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/registry.h"
#include "proto/es.pb.h"

namespace starling {

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Takes the ascent direction [d], each |element| <= 1e150, moves the
  // optimiser's own state and answers the step [d]. O(d).
  virtual Eigen::VectorXd Step(const Eigen::VectorXd& ascent) = 0;

  // An equal one, for a step that may have to be forgotten.
  virtual std::unique_ptr<Optimizer> Clone() const = 0;

  // Everything that the future depends on.
  virtual std::string Save() const = 0;
  // DataLoss, changing nothing, if `state` is not a Save of the same kind and
  // size, or holds what no run can reach.
  virtual absl::Status Restore(const std::string& state) = 0;
};

// A factory gets d >= 1.
using OptimizerRegistry = Registry<Optimizer, v1::OptimizerConfig, int>;

}  // namespace starling

#define STARLING_REGISTER_OPTIMIZER(kind, factory)  \
  const bool starling_registered_optimizer_##kind = \
      ::starling::OptimizerRegistry::Register(#kind, factory)

#endif  // STARLING_AGGREGATOR_ES_OPTIMIZER_H_
