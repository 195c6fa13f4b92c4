#include "base/refusal.h"

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace starling {

absl::Status TokenRefused(absl::StatusCode code, absl::string_view message) {
  absl::Status status(code, message);
  status.SetPayload(kRefusalKey, absl::Cord(kTokenRefusal));
  return status;
}

bool IsTokenRefused(const absl::Status& status) {
  const absl::optional<absl::Cord> mark = status.GetPayload(kRefusalKey);
  return mark.has_value() && *mark == kTokenRefusal;
}

}  // namespace starling
