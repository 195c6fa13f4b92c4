// absl::Status <-> grpc::Status: the codes are the same numbers. Of payloads
// only the mark of base/refusal.h crosses, as the error's details.
#ifndef STARLING_BASE_GRPC_STATUS_H_
#define STARLING_BASE_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace starling {

absl::Status FromGrpc(const grpc::Status& status);
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace starling

#endif  // STARLING_BASE_GRPC_STATUS_H_
