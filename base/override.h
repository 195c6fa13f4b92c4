// Changes one field of a message by its path: "--set strategy.ars.sigma=0.02".
#ifndef STARLING_BASE_OVERRIDE_H_
#define STARLING_BASE_OVERRIDE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace starling {

// Applies "path=value". A value is what the text format would hold; strings
// need no quotes; a repeated field takes a list, "policy.mlp.hidden=32,16",
// which replaces what was there; a message takes its text within braces,
// "env.hopper={}". Setting another kind of a oneof replaces the old one.
//
// InvalidArgument for a path that does not exist (with the nearest one that
// does) or a value that does not fit; `message` is then unchanged.
absl::Status ApplyOverride(absl::string_view assignment,
                           google::protobuf::Message* message);

}  // namespace starling

#endif  // STARLING_BASE_OVERRIDE_H_
