#include "base/message_diff.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "google/protobuf/text_format.h"

namespace starling {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

constexpr char kNotSet[] = "(not set)";

// Element `index` of a repeated field, or (-1) a singular one.
std::string ElementText(const Message& message, const FieldDescriptor& field,
                        int index) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Reflection& reflection = *message.GetReflection();
    const std::string text =
        (index < 0 ? reflection.GetMessage(message, &field)
                   : reflection.GetRepeatedMessage(message, &field, index))
            .ShortDebugString();
    return text.empty() ? "{}" : absl::StrCat("{ ", text, " }");
  }
  std::string text;
  TextFormat::PrintFieldValueToString(message, &field, index, &text);
  return text;
}

std::string FieldText(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    if (field.has_presence() && !reflection.HasField(message, &field)) {
      return kNotSet;
    }
    return ElementText(message, field, -1);
  }
  std::vector<std::string> elements;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    elements.push_back(ElementText(message, field, i));
  }
  return absl::StrCat("[", absl::StrJoin(elements, ", "), "]");
}

// "pendulum { max_steps: 3 }"
std::string ChoiceText(const Message& message, const OneofDescriptor& oneof) {
  const FieldDescriptor* field =
      message.GetReflection()->GetOneofFieldDescriptor(message, &oneof);
  if (field == nullptr) return kNotSet;
  const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  return absl::StrCat(field->name(), is_message ? " " : ": ",
                      ElementText(message, *field, -1));
}

bool HaveSameChoice(const Message& before, const Message& after,
                    const OneofDescriptor& oneof) {
  return before.GetReflection()->GetOneofFieldDescriptor(before, &oneof) ==
         after.GetReflection()->GetOneofFieldDescriptor(after, &oneof);
}

void Diff(const Message& before, const Message& after,
          const std::string& prefix, std::vector<FieldChange>* changes);

void DiffField(const Message& before, const Message& after,
               const FieldDescriptor& field, const std::string& path,
               std::vector<FieldChange>* changes) {
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (is_message && !field.is_repeated() &&
      before.GetReflection()->HasField(before, &field) &&
      after.GetReflection()->HasField(after, &field)) {
    Diff(before.GetReflection()->GetMessage(before, &field),
         after.GetReflection()->GetMessage(after, &field), path + ".", changes);
    return;
  }
  const std::string old_text = FieldText(before, field);
  const std::string new_text = FieldText(after, field);
  if (old_text != new_text) changes->push_back({path, old_text, new_text});
}

void Diff(const Message& before, const Message& after,
          const std::string& prefix, std::vector<FieldChange>* changes) {
  const auto& descriptor = *before.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const OneofDescriptor* oneof = field.real_containing_oneof();
    if (oneof != nullptr && !HaveSameChoice(before, after, *oneof)) {
      if (oneof->field(0) == &field) {
        changes->push_back({prefix + oneof->name(), ChoiceText(before, *oneof),
                            ChoiceText(after, *oneof)});
      }
      continue;
    }
    DiffField(before, after, field, prefix + field.name(), changes);
  }
}

}  // namespace

std::string FieldChange::ToString() const {
  return absl::StrCat(path, ": ", before, " -> ", after);
}

std::vector<FieldChange> DiffMessages(const Message& before,
                                      const Message& after) {
  CHECK(before.GetDescriptor() == after.GetDescriptor())
      << before.GetTypeName() << " and " << after.GetTypeName();
  std::vector<FieldChange> changes;
  Diff(before, after, "", &changes);
  return changes;
}

}  // namespace starling
