// Known answers that tell whether two machines compute the same bits.
#ifndef STARLING_WORKERS_FINGERPRINT_H_
#define STARLING_WORKERS_FINGERPRINT_H_

#include "absl/status/statusor.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

// Of this program on this machine, for the environment of `experiment`:
//   numbers  random numbers, elementary functions and reductions on fixed
//            inputs
//   physics  200 steps of the environment under random actions: every bit of
//            observations, rewards, outcomes, positions and velocities
// The errors of the environment's factory, as they are. Deterministic, below
// 0.2 s.
absl::StatusOr<v1::Fingerprint> ComputeFingerprint(
    const v1::Experiment& experiment);

}  // namespace starling

#endif  // STARLING_WORKERS_FINGERPRINT_H_
