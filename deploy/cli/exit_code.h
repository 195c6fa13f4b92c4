// What the program's exit status tells a scheduler: one place, one table.
//
//   0   finished
//   2   bad usage or configuration            do not retry
//   3   cannot start: port, lock, permission  retry with back-off
//   4   refused: credentials, other build     do not retry
//   5   damaged or unreadable data            do not retry
//   6   training failed                       do not retry
//   70  internal error                        retry
//   75  stopped after saving; unfinished      start again
#ifndef STARLING_DEPLOY_CLI_EXIT_CODE_H_
#define STARLING_DEPLOY_CLI_EXIT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace starling {

// The exit status of an error's code; 0 for OK.
int ExitCode(absl::StatusCode code);

// The same message as DataLoss: for an argument that names a policy or a run
// which can't be read, where "not found" is no mistake of usage and "written by
// a newer version" no refusal. Other errors, and OK, stay.
absl::Status AsDataError(const absl::Status& status);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_EXIT_CODE_H_
