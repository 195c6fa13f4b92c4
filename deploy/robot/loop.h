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
  // Cycles that began more than a tenth of the period after their time, and
  // those that were left out because the ones before took too long.
  uint64_t late = 0, missed = 0;
  // How long after its time a cycle began, seconds.
  Histogram lateness;
  double worst_lateness_s = 0;
  double total_lateness_s = 0, total_squared_lateness_s2 = 0;
  // The time for an action: seconds; in the histogram, whose first class is
  // 10 us, a thousand times that.
  Histogram thousandfold_compute;
  double total_compute_s = 0, worst_compute_s = 0;

  // Standard deviation of the lateness, seconds.
  double jitter_s() const;
};

// Until `stop`, the end of the observations or of the cycles; sends the safe
// action last, however it ends. `recording` may be null. InvalidArgument:
// standard input begins with other names than the contract's; Unavailable:
// standard output can't be written.
absl::StatusOr<LoopReport> RunLoop(const LoopRules& rules,
                                   const std::atomic<bool>& stop,
                                   RobotRuntime* runtime, Link* link,
                                   Recording* recording);

}  // namespace starling

#endif  // STARLING_DEPLOY_ROBOT_LOOP_H_
