// Where log lines go: standard error, one line each, without files.
//
//   text   12:34:56 warning: message
//   json   {"time":"2026-01-31T12:34:56.789012Z","level":"warning",
//           "message":"..","source":"run.cc:12","run":"ant","generation":"3"}
//
// The members after "source" are those of base/log_keys. Lines that one place
// repeats are held back and counted (log_limiter.h); fatal ones never.
#ifndef STARLING_DEPLOY_CLI_LOGGING_H_
#define STARLING_DEPLOY_CLI_LOGGING_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace starling {

enum class LogFormat { kText, kJson };

// Once, at the start of main. INFO appears only if `verbose`; in text, places
// in the source only then.
void InitLogging(const char* program, bool verbose,
                 LogFormat format = LogFormat::kText);

// Of InitLogging; kText before.
LogFormat CurrentLogFormat();

// Writes a line of "info" or "error" that is no LOG, whatever is logged else:
// as it is, or as JSON.
void WriteLogLine(absl::string_view level, absl::string_view line);

// Tells what is held back.
void FlushLogs();

// Sends log lines to `write` (without a line end) instead, so that they don't
// tear a live display; nullptr: to standard error again. `write` may be called
// from any thread, not at the same time, and must not log.
void RouteLogs(std::function<void(absl::string_view line)> write);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_LOGGING_H_
