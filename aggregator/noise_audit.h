// Whether a worker draws the random numbers that it should.
//
// Compares the sum that came with an answer with that of the noise drawn here.
// Finds a worker of another library or another processor at its first answer,
// before its numbers are learned from. Not thread-safe; O(d) a check.
#ifndef STARLING_AGGREGATOR_NOISE_AUDIT_H_
#define STARLING_AGGREGATOR_NOISE_AUDIT_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "base/noise.h"
#include "base/vectors.h"
#include "proto/work.pb.h"

namespace starling {

class NoiseAudit {
 public:
  // `noise`, of that many parameters, outlives the object.
  NoiseAudit(const Noise* noise, int num_parameters);

  // InvalidArgument, with both sums, if `result` was computed with another
  // direction than that of `unit`, half of a pair.
  absl::Status Check(const v1::WorkUnit& unit, const v1::RolloutResult& result);

 private:
  const Noise* const noise_;
  // Of generation_, once it was needed.
  std::unique_ptr<NoiseStream> stream_;
  uint64_t generation_ = 0;
  Eigen::VectorXf epsilon_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_NOISE_AUDIT_H_
