// Where log lines go: standard error, one short line each, without files.
#ifndef STARLING_DEPLOY_CLI_LOGGING_H_
#define STARLING_DEPLOY_CLI_LOGGING_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace starling {

// Once, at the start of main: LOG lines appear as "12:34:56 warning: message";
// INFO only if `verbose`, with its place in the source.
void InitLogging(const char* program, bool verbose);

// Sends log lines to `write` (without a line end) instead, so that they don't
// tear a live display; nullptr: to standard error again. `write` may be called
// from any thread, not at the same time, and must not log.
void RouteLogs(std::function<void(absl::string_view line)> write);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_LOGGING_H_
