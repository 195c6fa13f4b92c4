// CHECK for broken promises between our own functions, LOG for people.
//
// The system's abseil has no absl/log; glog spells the same macros. Logs go to
// standard error.
#ifndef STARLING_BASE_LOG_H_
#define STARLING_BASE_LOG_H_

#include <glog/logging.h>

#endif  // STARLING_BASE_LOG_H_
