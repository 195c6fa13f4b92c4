// The directions of a generation: a pure function of (seed, generation,
// direction), regenerated wherever they are needed and never sent or stored.
#ifndef STARLING_BASE_NOISE_H_
#define STARLING_BASE_NOISE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/parameter_layout.h"
#include "base/vectors.h"
#include "proto/es.pb.h"

namespace starling {

// Directions of one generation, for one thread.
class NoiseStream {
 public:
  virtual ~NoiseStream() = default;
  // epsilon [d] of `direction` (>= 0), unit covariance. No allocation.
  virtual void Fill(int direction, VectorRef epsilon) = 0;
};

// Immutable, thread-safe.
class Noise {
 public:
  // InvalidArgument if the kind does not fit the layout.
  static absl::StatusOr<std::unique_ptr<Noise>> Create(
      const v1::NoiseConfig& config, uint64_t seed,
      const ParameterLayout& layout);
  virtual ~Noise() = default;

  virtual std::unique_ptr<NoiseStream> Open(uint64_t generation) const = 0;

  // sum [d] = sum_i weights[i] * epsilon_i, without ever storing n x d. The
  // order of every sum is fixed (a pairwise tree over directions with leaves of
  // 16, in double), whatever `threads` >= 1 is: threads share coordinates, not
  // directions. Directions of weight 0 cost nothing. O(n d).
  virtual void WeightedSum(uint64_t generation,
                           absl::Span<const double> weights, int threads,
                           Eigen::Ref<Eigen::VectorXd> sum) const = 0;
};

// First 64 bits of SHA-256 over epsilon's floats, little-endian: both sides of
// the wire compare it to find a differing random number at once.
uint64_t NoiseCheck(ConstVectorRef epsilon);

}  // namespace starling

#endif  // STARLING_BASE_NOISE_H_
