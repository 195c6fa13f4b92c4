#include "base/validate.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/descriptor.h"
#include "proto/options.pb.h"

namespace starling {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using ParseInfoTree = google::protobuf::TextFormat::ParseInfoTree;

std::string Join(const std::string& parent, const std::string& child) {
  return parent.empty() ? child : absl::StrCat(parent, ".", child);
}

std::string Number(double value) { return absl::StrFormat("%.15g", value); }

// Value of a numeric field; index -1: it is not repeated. False: not a number.
bool NumberOf(const Message& message, const FieldDescriptor* field, int index,
              double* value) {
  const Reflection* reflection = message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    *value = static_cast<double>(
        index < 0 ? (reflection->*single)(message, field)
                  : (reflection->*repeated)(message, field, index));
    return true;
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble);
    default:
      return false;
  }
}

// "" if `value` is within `range`, else what it must be.
std::string Demand(const v1::Range& range, double value) {
  if (std::isnan(value)) return "a number";
  if (std::isinf(value) && !range.may_be_infinite()) return "finite";
  const bool within = (!range.has_min() || value >= range.min()) &&
                      (!range.has_max() || value <= range.max()) &&
                      (!range.has_above() || value > range.above()) &&
                      (!range.has_below() || value < range.below());
  if (within) return "";
  std::string demand;
  const auto add = [&](bool has, absl::string_view sign, double bound) {
    if (!has) return;
    absl::StrAppend(&demand, demand.empty() ? "" : " and ", sign, " ",
                    Number(bound));
  };
  add(range.has_min(), ">=", range.min());
  add(range.has_above(), ">", range.above());
  add(range.has_max(), "<=", range.max());
  add(range.has_below(), "<", range.below());
  return demand;
}

void Check(const Message& message, const std::string& path,
           const Places& places, std::vector<std::string>* violations) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count =
        field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const int index = field->is_repeated() ? i : -1;
      const std::string here = Join(
          path, field->is_repeated() ? absl::StrCat(field->name(), "[", i, "]")
                                     : field->name());
      double value;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Check(index < 0 ? reflection->GetMessage(message, field)
                        : reflection->GetRepeatedMessage(message, field, i),
              here, places, violations);
      } else if (NumberOf(message, field, index, &value)) {
        const std::string demand =
            Demand(field->options().GetExtension(v1::range), value);
        if (!demand.empty()) {
          violations->push_back(absl::StrCat(Locate(places, here), " must be ",
                                             demand, ", got ", Number(value)));
        }
      }
    }
  }
}

void FindPlaces(const Message& message, const ParseInfoTree& tree,
                const std::string& origin, const std::string& path,
                Places* places) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count =
        field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const int index = field->is_repeated() ? i : -1;
      const std::string here = Join(
          path, field->is_repeated() ? absl::StrCat(field->name(), "[", i, "]")
                                     : field->name());
      const auto location = tree.GetLocation(field, index);
      if (location.line >= 0) {
        (*places)[here] = absl::StrCat(origin, ":", location.line + 1, ":",
                                       location.column + 1);
      }
      const ParseInfoTree* nested =
          field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
              ? tree.GetTreeForNested(field, index)
              : nullptr;
      if (nested != nullptr) {
        FindPlaces(index < 0
                       ? reflection->GetMessage(message, field)
                       : reflection->GetRepeatedMessage(message, field, i),
                   *nested, origin, here, places);
      }
    }
  }
}

}  // namespace

Places PlacesOf(const Message& message, const ParseInfoTree& tree,
                const std::string& origin) {
  Places places = {{"", origin}};
  FindPlaces(message, tree, origin, "", &places);
  return places;
}

std::string Locate(const Places& places, const std::string& path) {
  for (std::string parent = path;;) {
    const auto found = places.find(parent);
    if (found != places.end()) {
      return absl::StrCat(found->second, ": ", path);
    }
    if (parent.empty()) return path;
    const size_t dot = parent.rfind('.');
    parent = dot == std::string::npos ? "" : parent.substr(0, dot);
  }
}

std::vector<std::string> RangeViolations(const Message& message,
                                         const Places& places) {
  std::vector<std::string> violations;
  Check(message, "", places, &violations);
  return violations;
}

}  // namespace starling
