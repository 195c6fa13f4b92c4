// What a live run's aggregator says of itself, for people and for scripts.
//
// Pure functions. Names that came from the network are shown without control
// characters.
#ifndef STARLING_DEPLOY_INSPECT_LIVE_STATUS_H_
#define STARLING_DEPLOY_INSPECT_LIVE_STATUS_H_

#include <string>

#include "deploy/cli/json.h"
#include "proto/control.pb.h"

namespace starling {

// "training", "paused", "stopping", "ending", "finished", "stopped", "failed".
std::string StateName(const v1::StatusReply& status);

// Lines of "name  value", then a table of the workers. Colour only marks what
// needs attention.
std::string ToText(const std::string& run, const v1::StatusReply& status,
                   const v1::ListWorkersReply& workers, bool color);
// One object. What is not known yet is absent.
JsonObject ToJson(const std::string& run, const v1::StatusReply& status,
                  const v1::ListWorkersReply& workers);

}  // namespace starling

#endif  // STARLING_DEPLOY_INSPECT_LIVE_STATUS_H_
