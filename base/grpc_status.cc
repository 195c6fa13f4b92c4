#include "base/grpc_status.h"

#include "base/refusal.h"

namespace starling {

absl::Status FromGrpc(const grpc::Status& status) {
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  return status.error_details() == std::string(kTokenRefusal)
             ? TokenRefused(code, status.error_message())
             : absl::Status(code, status.error_message());
}

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()),
                      std::string(IsTokenRefused(status) ? kTokenRefusal : ""));
}

}  // namespace starling
