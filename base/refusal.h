// Marks an error as being about the caller's token: asking again is of no use,
// whereas the same code without the mark means a lost session, which is begun
// anew. The mark crosses gRPC (base/grpc_status.h).
#ifndef STARLING_BASE_REFUSAL_H_
#define STARLING_BASE_REFUSAL_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace starling {

// The key of the payload that is the mark, and its value.
inline constexpr absl::string_view kRefusalKey = "starling/refusal";
inline constexpr absl::string_view kTokenRefusal = "token";

// An error with the mark.
absl::Status TokenRefused(absl::StatusCode code, absl::string_view message);
bool IsTokenRefused(const absl::Status& status);

}  // namespace starling

#endif  // STARLING_BASE_REFUSAL_H_
