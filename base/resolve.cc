#include "base/resolve.h"

#include <string>

#include "base/log.h"

namespace starling {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 64;

void SetToDefault(const FieldDescriptor& field, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      reflection.SetInt32(message, &field, field.default_value_int32());
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection.SetInt64(message, &field, field.default_value_int64());
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      reflection.SetUInt32(message, &field, field.default_value_uint32());
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      reflection.SetUInt64(message, &field, field.default_value_uint64());
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      reflection.SetDouble(message, &field, field.default_value_double());
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      reflection.SetFloat(message, &field, field.default_value_float());
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(message, &field, field.default_value_bool());
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection.SetEnum(message, &field, field.default_value_enum());
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(message, &field, field.default_value_string());
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
}

void ResolveAtDepth(int depth, Message* message) {
  CHECK_LT(depth, kMaxDepth)
      << message->GetTypeName() << " contains itself: it can't be resolved";
  const Reflection& reflection = *message->GetReflection();
  const auto& descriptor = *message->GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const bool is_message =
        field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (field.is_repeated()) {
      const int size = is_message ? reflection.FieldSize(*message, &field) : 0;
      for (int j = 0; j < size; ++j) {
        ResolveAtDepth(depth + 1,
                       reflection.MutableRepeatedMessage(message, &field, j));
      }
      continue;
    }
    const bool is_set =
        !field.has_presence() || reflection.HasField(*message, &field);
    // An optional field of proto3 is a oneof in disguise: not that kind.
    if (field.real_containing_oneof() != nullptr && !is_set) continue;
    if (is_message) {
      ResolveAtDepth(depth + 1, reflection.MutableMessage(message, &field));
    } else if (!is_set) {
      SetToDefault(field, message);
    }
  }
}

}  // namespace

void ResolveInPlace(Message* message) { ResolveAtDepth(0, message); }

}  // namespace starling
