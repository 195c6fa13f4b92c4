// One episode as a table: what `starling trace` prints.
#ifndef STARLING_DEPLOY_CLI_EPISODE_TRACE_H_
#define STARLING_DEPLOY_CLI_EPISODE_TRACE_H_

#include <functional>
#include <ostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/observation.h"
#include "base/rng.h"
#include "base/vectors.h"
#include "envs/env.h"

namespace starling {

// Writes the next action [action_size] for a raw observation; false: there is
// none, the episode stops here.
using ActionSource = std::function<absl::StatusOr<bool>(
    const Observation& observation, VectorRef action)>;

// Plays one episode from Reset(rng) and writes it to `out` as CSV with a
// header: qpos_i, qvel_i, obs_i, action_i, reward, terminated, truncated. Row 0
// is the state after the reset, its action and reward empty; then a row a step
// until the episode ends or `next` does. Numbers round-trip (%.17g).
//
// Actions beyond the bounds are clipped, and shown as they were applied; one
// warning in the log says how many. InvalidArgument: an action that should be a
// choice is none; Aborted: the policy or the physics diverged (the rows before
// are written).
absl::Status TraceEpisode(Env& env, Rng rng, const ActionSource& next,
                          std::ostream& out);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_EPISODE_TRACE_H_
