// Directions of which each pair counts only where its architecture has
// parameters.
//
// What a pair's architecture does not use can't have changed its returns: there
// its direction is noise in the estimate of the gradient. Left out, the
// estimate has the same mean and less variance.
#ifndef STARLING_AGGREGATOR_ES_ACTIVE_NOISE_H_
#define STARLING_AGGREGATOR_ES_ACTIVE_NOISE_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "base/noise.h"

namespace starling {

class ActiveNoise : public Noise {
 public:
  // active[i]: indices of the parameters that pair i uses; those of `noise`,
  // which must outlive this.
  ActiveNoise(const Noise& noise, std::vector<std::vector<int>> active)
      : noise_(noise), active_(std::move(active)) {}

  // As those of `noise`.
  std::unique_ptr<NoiseStream> Open(uint64_t generation) const override {
    return noise_.Open(generation);
  }

  // sum_j = sum of weights[i] * epsilon_ij over the pairs i that use j, in the
  // order of pairs, by one thread. O(n d).
  void WeightedSum(uint64_t generation, absl::Span<const double> weights,
                   int threads, Eigen::Ref<Eigen::VectorXd> sum) const override;

 private:
  const Noise& noise_;
  const std::vector<std::vector<int>> active_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_ES_ACTIVE_NOISE_H_
