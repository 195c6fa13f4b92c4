#include "deploy/export/c_arrays.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace starling {
namespace {

template <typename Values, typename ToText>
std::vector<std::string> Texts(const Values& values, ToText to_text) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const auto value : values) texts.push_back(to_text(value));
  return texts;
}

}  // namespace

std::string CLiteral(float x) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const std::string digits =
      absl::StrFormat("%.9g", std::clamp(x, -kLargest, kLargest));
  const bool is_whole = digits.find_first_of(".e") == std::string::npos;
  return absl::StrCat(digits, is_whole ? ".0f" : "f");
}

void CArrays::AddFloats(const std::string& name,
                        const std::vector<float>& values) {
  Add("float", 4, name, Texts(values, CLiteral));
}

void CArrays::AddIntegers(const std::string& name,
                          const std::vector<uint32_t>& values) {
  const uint32_t largest = *std::max_element(values.begin(), values.end());
  const int size = largest < 256 ? 1 : largest < 65536 ? 2 : 4;
  Add(absl::StrCat("uint", 8 * size, "_t"), size, name,
      Texts(values, [](uint32_t value) { return absl::StrCat(value); }));
}

void CArrays::AddHalves(const std::string& name,
                        const std::vector<uint16_t>& values) {
  Add("uint16_t", 2, name,
      Texts(values, [](uint16_t value) { return absl::StrCat(value); }));
}

void CArrays::AddSignedBytes(const std::string& name, absl::string_view bytes) {
  Add("int8_t", 1, name, Texts(bytes, [](char byte) {
        return absl::StrCat(static_cast<int>(static_cast<int8_t>(byte)));
      }));
}

void CArrays::AddBytes(const std::string& name, absl::string_view bytes) {
  Add("uint8_t", 1, name, Texts(bytes, [](char byte) {
        return absl::StrCat(static_cast<int>(static_cast<uint8_t>(byte)));
      }));
}

void CArrays::Add(const std::string& type, int size, const std::string& name,
                  const std::vector<std::string>& values) {
  constexpr size_t kWidth = 80;
  absl::StrAppend(&text_, "static const ", type, " ", name, "[", values.size(),
                  "] = {");
  std::string line = "\n   ";
  for (const std::string& value : values) {
    // A blank before it, a comma behind.
    if (line.size() + value.size() + 2 > kWidth) {
      text_ += line;
      line = "\n   ";
    }
    absl::StrAppend(&line, " ", value, ",");
  }
  absl::StrAppend(&text_, line, "\n};\n");
  bytes_ += size * static_cast<int64_t>(values.size());
}

}  // namespace starling
