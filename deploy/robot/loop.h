// The control loop: observations in, actions out, at a fixed rate or one by
// one.
#ifndef STARLING_DEPLOY_ROBOT_LOOP_H_
#define STARLING_DEPLOY_ROBOT_LOOP_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "deploy/bench/histogram.h"
#include "deploy/robot/link.h"
#include "deploy/robot/recording.h"
#include "deploy/robot/runtime.h"

namespace starling {

struct LoopRules {
  // Seconds between two actions; 0: one action to each observation, at once.
  double period_s = 0;
  // Seconds without an observation after which the safe action is sent, where
  // there is no period.
  double silence_s = 0;
  // 0: until the observations end.
  uint64_t max_cycles = 0;
};

struct LoopReport {
  uint64_t malformed = 0;
  // Cycles that were left out because the ones before took too long.
  uint64_t missed = 0;
  // How long after its time a cycle began, and the time for an action; seconds.
  Histogram lateness;
  double worst_lateness_s = 0;
  double total_compute_s = 0, worst_compute_s = 0;
};

// Until `stop`, the end of the observations or of the cycles; sends the safe
// action last. `recording` may be null. InvalidArgument: standard input has
// other names than the contract's.
absl::StatusOr<LoopReport> RunLoop(const LoopRules& rules,
                                   const std::atomic<bool>& stop,
                                   RobotRuntime* runtime, Link* link,
                                   Recording* recording);

}  // namespace starling

#endif  // STARLING_DEPLOY_ROBOT_LOOP_H_
