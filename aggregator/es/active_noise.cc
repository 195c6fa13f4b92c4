#include "aggregator/es/active_noise.h"

#include "base/log.h"

namespace starling {

void ActiveNoise::WeightedSum(uint64_t generation,
                              absl::Span<const double> weights, int threads,
                              Eigen::Ref<Eigen::VectorXd> sum) const {
  CHECK_EQ(weights.size(), active_.size());
  const std::unique_ptr<NoiseStream> stream = noise_.Open(generation);
  Eigen::VectorXf epsilon(sum.size());
  sum.setZero();
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    stream->Fill(static_cast<int>(i), epsilon);
    for (const int j : active_[i]) sum[j] += weights[i] * epsilon[j];
  }
}

}  // namespace starling
