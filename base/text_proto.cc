#include "base/text_proto.h"

#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"

namespace starling {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// All message types that can occur inside `root`.
void Reach(const Descriptor* root, std::set<const Descriptor*>& reached) {
  if (!reached.insert(root).second) return;
  for (int i = 0; i < root->field_count(); ++i) {
    const FieldDescriptor* field = root->field(i);
    if (field->message_type() != nullptr) {
      Reach(field->message_type(), reached);
    }
  }
}

// The n-th piece of `message` within double quotes, or "".
std::string Quoted(const std::string& message, int n) {
  size_t begin = 0;
  for (int i = 0;; ++i) {
    begin = message.find('"', begin);
    if (begin == std::string::npos) return "";
    const size_t end = message.find('"', begin + 1);
    if (end == std::string::npos) return "";
    if (i == n) return message.substr(begin + 1, end - begin - 1);
    begin = end + 1;
  }
}

// Turns protobuf's error texts into ours. An unknown text passes unchanged.
class Collector : public google::protobuf::io::ErrorCollector {
 public:
  Collector(std::string origin, const Descriptor* root)
      : origin_(std::move(origin)) {
    Reach(root, types_);
  }

  void AddError(int line, int column, const std::string& message) override {
    errors_.push_back(absl::StrCat(origin_, ":", line + 1, ":", column + 1,
                                   ": ", Explain(message)));
  }
  void AddWarning(int, int, const std::string&) override {}

  const std::vector<std::string>& errors() const { return errors_; }

 private:
  std::string Explain(const std::string& message) const {
    if (absl::StrContains(message, "has no field named")) {
      return ExplainField(Quoted(message, 0), Quoted(message, 1));
    }
    if (absl::StrContains(message, "Unknown enumeration value")) {
      return ExplainEnum(Quoted(message, 0), Quoted(message, 1));
    }
    return message;
  }

  std::string ExplainField(const std::string& type,
                           const std::string& name) const {
    for (const Descriptor* candidate : types_) {
      if (candidate->full_name() != type) continue;
      std::vector<std::string> known;
      for (int i = 0; i < candidate->field_count(); ++i) {
        known.push_back(candidate->field(i)->name());
      }
      return absl::StrCat("unknown field ", name, " in ", candidate->name(),
                          Suggest(name, known));
    }
    return absl::StrCat("unknown field ", name, " in ", type);
  }

  std::string ExplainEnum(const std::string& value,
                          const std::string& field_name) const {
    for (const Descriptor* candidate : types_) {
      const FieldDescriptor* field = candidate->FindFieldByName(field_name);
      if (field == nullptr || field->enum_type() == nullptr) continue;
      std::vector<std::string> known;
      for (int i = 0; i < field->enum_type()->value_count(); ++i) {
        known.push_back(field->enum_type()->value(i)->name());
      }
      return absl::StrCat("unknown value ", value, " of ", field_name,
                          Suggest(value, known));
    }
    return absl::StrCat("unknown value ", value, " of ", field_name);
  }

  static std::string Suggest(const std::string& name,
                             const std::vector<std::string>& known) {
    const std::string nearest = Nearest(name, known);
    return absl::StrCat(
        nearest.empty() ? "." : absl::StrCat("; did you mean ", nearest, "?"),
        " Known: ", absl::StrJoin(known, ", "));
  }

  const std::string origin_;
  std::set<const Descriptor*> types_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::Status ParseTextProto(
    absl::string_view text, const std::string& origin,
    google::protobuf::Message* message,
    google::protobuf::TextFormat::ParseInfoTree* places) {
  Collector collector(origin, message->GetDescriptor());
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  // Deep nesting would exhaust the stack.
  parser.SetRecursionLimit(64);
  if (places != nullptr) parser.WriteLocationsTo(places);
  const bool parsed =
      parser.ParseFromString(std::string(text.data(), text.size()), message);
  if (!collector.errors().empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(collector.errors(), "\n"));
  }
  if (!parsed) {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, ": not a valid text message"));
  }
  return absl::OkStatus();
}

absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message* message) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseTextProto(text, path, message);
}

}  // namespace starling
