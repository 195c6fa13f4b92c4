#include "base/grpc_setup.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>

#include "absl/synchronization/mutex.h"

namespace starling {
namespace {

// A call that fails at once, on a channel that goes nowhere: each channel that
// has made a call by callback holds the threads until it is destroyed.
struct Holder {
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel("", /*creds=*/nullptr);
  grpc::GenericStub stub{channel};
  grpc::ClientContext context;
  // A buffer of no slices at all can't be sent.
  grpc::Slice nothing;
  grpc::ByteBuffer request{&nothing, 1};
  grpc::ByteBuffer response;
};

}  // namespace

void SetUpGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    auto* holder = new Holder;  // used until the process ends
    holder->stub.UnaryCall(&holder->context, "/none", grpc::StubOptions(),
                           &holder->request, &holder->response,
                           [](const grpc::Status&) {});
  });
}

}  // namespace starling
