// Antithetic evolution strategy with shaped fitness and any optimiser.
// Paper: "Evolution Strategies as a Scalable Alternative to Reinforcement
// Learning".
#include <memory>

#include "aggregator/es/antithetic.h"
#include "aggregator/es/strategy.h"

namespace starling {
namespace {

STARLING_REGISTER_STRATEGY(openai_es, [](const v1::StrategyConfig& config,
                                         const Eigen::VectorXf& initial) {
  return AntitheticStrategy::Create(config.openai_es(), initial);
});

}  // namespace
}  // namespace starling
