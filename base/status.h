// RETURN_IF_ERROR and ASSIGN_OR_RETURN: errors from outside travel upwards as
// absl::Status.
#ifndef STARLING_BASE_STATUS_H_
#define STARLING_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define STARLING_CONCAT_INNER(a, b) a##b
#define STARLING_CONCAT(a, b) STARLING_CONCAT_INNER(a, b)

// Returns from the enclosing function if `expression`, an absl::Status, is an
// error.
#define RETURN_IF_ERROR(expression)            \
  do {                                         \
    absl::Status starling_status = expression; \
    if (!starling_status.ok()) {               \
      return starling_status;                  \
    }                                          \
  } while (false)

// Declares or assigns `target` from an absl::StatusOr, or returns its error.
//   ASSIGN_OR_RETURN(std::unique_ptr<Env> env, EnvRegistry::Make(config));
#define ASSIGN_OR_RETURN(target, ...)                                     \
  ASSIGN_OR_RETURN_INNER(STARLING_CONCAT(starling_or_, __LINE__), target, \
                         __VA_ARGS__)
#define ASSIGN_OR_RETURN_INNER(holder, target, ...) \
  auto holder = __VA_ARGS__;                        \
  if (!holder.ok()) return holder.status();         \
  target = *std::move(holder)

#endif  // STARLING_BASE_STATUS_H_
