// How much of an environment's own speed a rollout keeps.
#ifndef STARLING_DEPLOY_BENCH_ROLLOUT_BENCH_H_
#define STARLING_DEPLOY_BENCH_ROLLOUT_BENCH_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/env.pb.h"

namespace starling {

struct RolloutBench {
  std::string env;
  // Control steps per second of processor time, on one thread.
  double steps_per_s = 0;
  double bare_steps_per_s = 0;
  // steps_per_s / bare_steps_per_s: 1 if everything around the physics were
  // free.
  double ratio = 0;
};

// Plays the same episodes in two ways in turn, for about `seconds` > 0 in all
// after a short preparation:
//   - as a worker does: Rollout with a linear policy, the normaliser and the
//     moments on; parameter k is 0.03 ((7919 k mod 1000) / 500 - 1), which other
//     software can repeat: of the size of a first perturbation
//   - bare: the same resets and the recorded actions, and nothing but the
//     engine's mj_step (where there is no MuJoCo: Env::Step)
// Rates are medians over the turns. InvalidArgument if `seconds` is out of
// range; the errors of the factories.
absl::StatusOr<RolloutBench> MeasureRollouts(const v1::EnvConfig& config,
                                             double seconds);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_ROLLOUT_BENCH_H_
