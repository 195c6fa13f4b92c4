// Recorded actions and observations: the files that `trace` and `act` read.
#ifndef STARLING_DEPLOY_CLI_RECORDED_H_
#define STARLING_DEPLOY_CLI_RECORDED_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "deploy/cli/actor.h"
#include "deploy/cli/csv.h"
#include "deploy/cli/episode_trace.h"
#include "proto/env.pb.h"

namespace starling {

// The rows of an action file, one a step; all of its columns are the action.
// The file is read at once (InvalidArgument naming file and line), its numbers
// as they are needed.
absl::StatusOr<ActionSource> RecordedActions(const std::string& path,
                                             int action_size);

// What the policy does on the recorded observations: CSV of actions with a
// header, a row for each row of `observations`. The columns obs_0 ..
// obs_{state_size - 1} are read, or those with the names that `spec` gives
// them, wherever they are; a table without header must have just these. A 1 in
// the column `reset`, if there is one, begins an episode, as the first row
// does. InvalidArgument names file, line and column.
absl::StatusOr<std::string> ActOnRecorded(const CsvTable& observations,
                                          const v1::EnvSpec& spec,
                                          Actor& actor);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_RECORDED_H_
