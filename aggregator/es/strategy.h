// How the search distribution moves from generation to generation.
//
// A strategy is deterministic: the same outcomes in the same order give the
// same bits, whatever the number of threads. Not thread-safe.
#ifndef STARLING_AGGREGATOR_ES_STRATEGY_H_
#define STARLING_AGGREGATOR_ES_STRATEGY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/noise.h"
#include "base/registry.h"
#include "base/vectors.h"
#include "proto/es.pb.h"

namespace starling {

// A unit's point is mean + sign * sigma * epsilon(direction).
struct SearchDistribution {
  Eigen::VectorXf mean;
  float sigma;
};

// Mean fitness of the two halves of an antithetic pair. Not valid: one of them
// failed, and the pair counts for nothing.
struct DirectionOutcome {
  bool valid;
  double plus;
  double minus;
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  virtual int num_directions() const = 0;
  virtual const v1::NoiseConfig& noise_config() const = 0;
  virtual const SearchDistribution& distribution() const = 0;
  // Learns from the outcomes of directions 0 .. num_directions() - 1 of
  // `generation`. FailedPrecondition: no pair is valid; Internal: the new
  // parameters are not finite. The strategy is then unchanged.
  virtual absl::Status Tell(const Noise& noise, uint64_t generation,
                            absl::Span<const DirectionOutcome> outcomes,
                            int threads) = 0;
  // Length of the last step, |theta_new - theta_old|; for people.
  virtual double last_update_norm() const = 0;
  // The outcomes of the last step said nothing about where to go: all the same,
  // or nearly. What still moved then is momentum and weight decay.
  virtual bool flat_fitness() const = 0;

  // Everything that the future depends on, the distribution included.
  virtual std::string Save() const = 0;
  // DataLoss, changing nothing, if `state` is not a Save of the same kind of
  // strategy and optimiser and of the same size, or holds what is not finite.
  // Step sizes and the like come from the configuration, not from `state`.
  virtual absl::Status Restore(const std::string& state) = 0;
};

// A factory gets the starting point theta_0 [d]. InvalidArgument, naming the
// field and its value, for options that do not fit together.
using StrategyRegistry =
    Registry<Strategy, v1::StrategyConfig, const Eigen::VectorXf&>;

}  // namespace starling

#define STARLING_REGISTER_STRATEGY(kind, factory)  \
  const bool starling_registered_strategy_##kind = \
      ::starling::StrategyRegistry::Register(#kind, factory)

#endif  // STARLING_AGGREGATOR_ES_STRATEGY_H_
