// Augmented random search:
//
//   theta <- theta + alpha / (b sigma_R) sum over the b best pairs of
//            (r+ - r-) epsilon
//
// sigma_R is the deviation of the 2b returns that count. In the terms of the
// antithetic strategy: ARS shaping, plain gradient ascent, no weight decay.
// Paper: "Simple random search provides a competitive approach to
// reinforcement learning".
#include <memory>

#include "aggregator/es/antithetic.h"
#include "aggregator/es/strategy.h"

namespace starling {
namespace {

v1::OpenAiEs Translate(const v1::Ars& ars) {
  v1::OpenAiEs config;
  config.set_num_directions(ars.num_directions());
  config.set_sigma(ars.sigma());
  config.set_weight_decay(0);
  v1::ArsShaping* shaping = config.mutable_shaping()->mutable_ars();
  shaping->set_top_directions(ars.top_directions());
  shaping->set_top_by(ars.top_by());
  v1::Sgd* sgd = config.mutable_optimizer()->mutable_sgd();
  sgd->set_step_size(ars.step_size());
  sgd->set_momentum(0);
  *config.mutable_noise() = ars.noise();
  return config;
}

STARLING_REGISTER_STRATEGY(ars, [](const v1::StrategyConfig& config,
                                   const Eigen::VectorXf& initial) {
  return AntitheticStrategy::Create(Translate(config.ars()), initial);
});

}  // namespace
}  // namespace starling
