#include "deploy/cli/json.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace starling {
namespace {

// Bytes of the UTF-8 sequence at the start of `text`, 0 if it is none.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [text](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto follows = [&byte](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return follows(1) ? 2 : 0;
  if ((lead & 0xF0) == 0xE0) {
    // Neither overlong forms nor surrogates.
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) >= 0xA0) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead < 0xF5) {
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) >= 0x90) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string JsonNumber(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.17g", value) : "null";
}

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text[0];
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", absl::string_view(&c, 1));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<int>(c));
    } else {
      absl::StrAppend(&out, text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

JsonObject& JsonObject::SetRaw(absl::string_view name,
                               absl::string_view value) {
  absl::StrAppend(&members_, members_.empty() ? "" : ",", JsonString(name), ":",
                  value);
  return *this;
}

JsonObject& JsonObject::Set(absl::string_view name, double value) {
  return SetRaw(name, JsonNumber(value));
}
JsonObject& JsonObject::Set(absl::string_view name, int value) {
  return SetRaw(name, absl::StrCat(value));
}
JsonObject& JsonObject::Set(absl::string_view name, int64_t value) {
  return SetRaw(name, absl::StrCat(value));
}
JsonObject& JsonObject::Set(absl::string_view name, uint64_t value) {
  return SetRaw(name, absl::StrCat(value));
}
JsonObject& JsonObject::Set(absl::string_view name, bool value) {
  return SetRaw(name, value ? "true" : "false");
}
JsonObject& JsonObject::Set(absl::string_view name, absl::string_view value) {
  return SetRaw(name, JsonString(value));
}
JsonObject& JsonObject::Set(absl::string_view name, const std::string& value) {
  return SetRaw(name, JsonString(value));
}
JsonObject& JsonObject::Set(absl::string_view name, const char* value) {
  return SetRaw(name, JsonString(value));
}
JsonObject& JsonObject::Set(absl::string_view name, const JsonObject& value) {
  return SetRaw(name, value.text());
}

JsonObject& JsonObject::Set(absl::string_view name,
                            const std::vector<double>& values) {
  const auto append = [](std::string* out, double value) {
    out->append(JsonNumber(value));
  };
  return SetRaw(name,
                absl::StrCat("[", absl::StrJoin(values, ",", append), "]"));
}

JsonObject& JsonObject::Set(absl::string_view name,
                            const std::vector<std::string>& values) {
  const auto append = [](std::string* out, const std::string& value) {
    out->append(JsonString(value));
  };
  return SetRaw(name,
                absl::StrCat("[", absl::StrJoin(values, ",", append), "]"));
}

JsonObject& JsonObject::Set(absl::string_view name,
                            const std::vector<JsonObject>& rows) {
  const auto append = [](std::string* out, const JsonObject& row) {
    out->append(row.text());
  };
  return SetRaw(name, absl::StrCat("[", absl::StrJoin(rows, ",", append), "]"));
}

}  // namespace starling
