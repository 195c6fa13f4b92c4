// Evolution strategies over antithetic pairs with one fixed deviation.
//
// Each direction is tried at theta + sigma epsilon and theta - sigma epsilon:
// what is even in epsilon cancels in the difference, and so does the luck that
// the halves share. One generation:
//
//   w     = ShapeFitness(outcomes)
//   ghat  = sum_i w_i epsilon_i - weight_decay theta
//   theta <- theta + optimizer.Step(ghat)
//
// theta is float32; the sum, the optimiser and the addition are in double and
// rounded once. `openai_es` and `ars` are two configurations of this.
#ifndef STARLING_AGGREGATOR_ES_ANTITHETIC_H_
#define STARLING_AGGREGATOR_ES_ANTITHETIC_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "aggregator/es/optimizer.h"
#include "aggregator/es/strategy.h"
#include "proto/es.pb.h"

namespace starling {

class AntitheticStrategy : public Strategy {
 public:
  // Starts at theta_0 [d]. Where the optimiser is not set: Adam with a step of
  // 0.02; the shaping: centred ranks; the noise: Gaussian.
  // InvalidArgument: d or num_directions is 0, sigma or weight_decay out of
  // range, more top_directions than directions, theta_0 not finite, or what the
  // optimiser's factory refuses.
  static absl::StatusOr<std::unique_ptr<Strategy>> Create(
      v1::OpenAiEs config, const Eigen::VectorXf& initial);

  int num_directions() const override { return config_.num_directions(); }
  const v1::NoiseConfig& noise_config() const override {
    return config_.noise();
  }
  const SearchDistribution& distribution() const override {
    return distribution_;
  }
  absl::Status Tell(const Noise& noise, uint64_t generation,
                    absl::Span<const DirectionOutcome> outcomes,
                    int threads) override;
  double last_update_norm() const override { return last_update_norm_; }
  bool flat_fitness() const override { return flat_fitness_; }
  std::string Save() const override;
  absl::Status Restore(const std::string& bytes) override;

 private:
  AntitheticStrategy(const v1::OpenAiEs& config, const Eigen::VectorXf& initial,
                     std::unique_ptr<Optimizer> optimizer);

  const v1::OpenAiEs config_;
  SearchDistribution distribution_;
  std::unique_ptr<Optimizer> optimizer_;
  double last_update_norm_ = 0;
  bool flat_fitness_ = false;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_ES_ANTITHETIC_H_
