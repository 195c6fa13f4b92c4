// Checks a configuration message against what its fields say they may hold.
//
// Bounds stand beside each field (proto/options.proto), so a new field is
// checked as soon as it is declared. Errors name the field by its path, quote
// value and bounds, and say where in the file it stands.
#ifndef STARLING_BASE_VALIDATE_H_
#define STARLING_BASE_VALIDATE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace starling {

// Where the fields of a message stand in its file: "file:line:column" by path
// ("strategy.ars.sigma", "policy.mlp.hidden[1]"), and "file" by the path "".
// Fields that the file does not set have no entry.
using Places = std::map<std::string, std::string>;

Places PlacesOf(const google::protobuf::Message& message,
                const google::protobuf::TextFormat::ParseInfoTree& tree,
                const std::string& origin);

// "file:line:column: path", of the nearest parent where the path itself has no
// place; "file: path" if the file sets none of them; "path" without a file.
std::string Locate(const Places& places, const std::string& path);

// All violations of declared ranges in the fields that are set, in the order of
// the fields; empty if there are none.
std::vector<std::string> RangeViolations(
    const google::protobuf::Message& message, const Places& places);

}  // namespace starling

#endif  // STARLING_BASE_VALIDATE_H_
