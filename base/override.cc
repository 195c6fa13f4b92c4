#include "base/override.h"

#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/nearest.h"
#include "base/status.h"
#include "base/text_proto.h"
#include "google/protobuf/descriptor.h"

namespace starling {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

absl::Status NoSuchField(const std::vector<std::string>& parts, size_t wrong,
                         const Descriptor* type) {
  std::vector<std::string> known;
  for (int i = 0; i < type->field_count(); ++i) {
    known.push_back(type->field(i)->name());
  }
  const std::string parent =
      absl::StrJoin(parts.begin(), parts.begin() + wrong, ".");
  const std::string dot = wrong == 0 ? "" : ".";
  const std::string nearest = Nearest(parts[wrong], known);
  return absl::InvalidArgumentError(absl::StrCat(
      "there is no field ", parent, dot, parts[wrong],
      nearest.empty()
          ? "."
          : absl::StrCat("; did you mean ", parent, dot, nearest, "?"),
      " Known: ", absl::StrJoin(known, ", ")));
}

// The text form of one value of `field`.
std::string Literal(const FieldDescriptor* field, absl::string_view value) {
  const bool quoted =
      value.size() >= 2 && (value.front() == '"' || value.front() == '\'');
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !quoted) {
    return absl::StrCat(field->name(), ": \"", absl::CEscape(value), "\"");
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return absl::StrCat(field->name(), " ", value);
  }
  return absl::StrCat(field->name(), ": ", value);
}

}  // namespace

absl::Status ApplyOverride(absl::string_view assignment,
                           google::protobuf::Message* message) {
  const size_t equals = assignment.find('=');
  if (equals == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected PATH=VALUE, got \"", assignment,
                     "\"; for example strategy.ars.step_size=0.02"));
  }
  const std::string path(
      absl::StripAsciiWhitespace(assignment.substr(0, equals)));
  const absl::string_view value =
      absl::StripAsciiWhitespace(assignment.substr(equals + 1));
  const std::vector<std::string> parts = absl::StrSplit(path, '.');

  // Follow the path in the types.
  const Descriptor* type = message->GetDescriptor();
  const FieldDescriptor* field = nullptr;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      if (field->message_type() == nullptr || field->is_repeated()) {
        return absl::InvalidArgumentError(
            absl::StrCat(absl::StrJoin(parts.begin(), parts.begin() + i, "."),
                         " has no fields, but the path goes on: ", path));
      }
      type = field->message_type();
    }
    field = type->FindFieldByName(parts[i]);
    if (field == nullptr) return NoSuchField(parts, i, type);
  }

  // Work on a copy: an error must leave the message as it was.
  std::unique_ptr<google::protobuf::Message> changed(message->New());
  changed->CopyFrom(*message);
  google::protobuf::Message* parent = changed.get();
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    parent = parent->GetReflection()->MutableMessage(
        parent, parent->GetDescriptor()->FindFieldByName(parts[i]));
  }
  parent->GetReflection()->ClearField(parent, field);
  std::string text;
  if (field->is_repeated() && field->message_type() == nullptr) {
    for (absl::string_view item :
         absl::StrSplit(value, ',', absl::SkipEmpty())) {
      absl::StrAppend(&text, Literal(field, absl::StripAsciiWhitespace(item)),
                      "\n");
    }
  } else {
    text = Literal(field, value);
  }
  std::unique_ptr<google::protobuf::Message> piece(parent->New());
  const absl::Status parsed = ParseTextProto(text, path, piece.get());
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot set ", path, " to \"", value, "\": ", parsed.message()));
  }
  // A value that smuggles in further fields is a mistake, not a feature.
  std::vector<const FieldDescriptor*> set;
  piece->GetReflection()->ListFields(*piece, &set);
  if (set.size() > 1 || (set.size() == 1 && set[0] != field)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot set ", path, " to \"", value, "\": that is more than a value"));
  }
  parent->MergeFrom(*piece);
  message->CopyFrom(*changed);
  return absl::OkStatus();
}

}  // namespace starling
