// JSON for `--json`: one object, members in the order they were set.
//
//   JsonObject row;
//   row.Set("mean", 3.5).Set("name", "ant").Set("returns", returns);
//   std::cout << row.text() << "\n";
//
// Numbers round-trip (%.17g); NaN and infinities, which JSON lacks, are null.
#ifndef STARLING_DEPLOY_CLI_JSON_H_
#define STARLING_DEPLOY_CLI_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace starling {

// The number as JSON text.
std::string JsonNumber(double value);
// The text in quotes; control characters escaped, bytes that are no UTF-8
// replaced by U+FFFD.
std::string JsonString(absl::string_view text);

class JsonObject {
 public:
  JsonObject& Set(absl::string_view name, double value);
  JsonObject& Set(absl::string_view name, int value);
  JsonObject& Set(absl::string_view name, int64_t value);
  JsonObject& Set(absl::string_view name, uint64_t value);
  JsonObject& Set(absl::string_view name, bool value);
  JsonObject& Set(absl::string_view name, absl::string_view value);
  JsonObject& Set(absl::string_view name, const std::string& value);
  JsonObject& Set(absl::string_view name, const char* value);
  JsonObject& Set(absl::string_view name, const JsonObject& value);
  JsonObject& Set(absl::string_view name, const std::vector<double>& values);
  JsonObject& Set(absl::string_view name,
                  const std::vector<std::string>& values);
  JsonObject& Set(absl::string_view name, const std::vector<JsonObject>& rows);
  // `value` is JSON text already.
  JsonObject& SetRaw(absl::string_view name, absl::string_view value);

  std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_JSON_H_
