// Is this an answer to that unit? The check at the door: what passes can be
// learned from.
#ifndef STARLING_AGGREGATOR_RESULT_CHECK_H_
#define STARLING_AGGREGATOR_RESULT_CHECK_H_

#include "absl/status/status.h"
#include "proto/env.pb.h"
#include "proto/work.pb.h"

namespace starling {

// InvalidArgument, with the field and its value, unless `result` is a possible
// answer to `unit`, a unit of this run in the environment of `spec`:
//
// - generation and index are the unit's; the status is a known one; the detail
//   has at most 256 bytes;
// - status OK: a return within +-1e100 (beyond, sums of squares would overflow)
//   and a length in [1, spec.max_steps] for each episode. If the unit keeps
//   moments, moments of the spec's state size, one observation a step, that
//   data can have; else none. A perturbation check that is not 0 for the half
//   of a pair, 0 for the centre;
// - any other status: no returns, lengths or moments.
//
// It can't tell whether the numbers are true. Cost: O(episodes + state size).
absl::Status CheckResult(const v1::WorkUnit& unit,
                         const v1::RolloutResult& result,
                         const v1::EnvSpec& spec);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_RESULT_CHECK_H_
