// Protobuf text format with errors that say where, and what was meant.
#ifndef STARLING_BASE_TEXT_PROTO_H_
#define STARLING_BASE_TEXT_PROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace starling {

// Parses `text` into `message`. InvalidArgument with every error on a line of
// its own, "origin:line:column: message"; an unknown field or enum value gets
// the nearest known one. If `places` is not null it learns where each field
// stands.
absl::Status ParseTextProto(
    absl::string_view text, const std::string& origin,
    google::protobuf::Message* message,
    google::protobuf::TextFormat::ParseInfoTree* places = nullptr);

// ReadFile, then ParseTextProto.
absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message* message);

}  // namespace starling

#endif  // STARLING_BASE_TEXT_PROTO_H_
