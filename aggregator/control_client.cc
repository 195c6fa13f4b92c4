#include "aggregator/control_client.h"

#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/run_directory.h"
#include "base/grpc_status.h"
#include "base/status.h"
#include "proto/control.grpc.pb.h"

namespace starling {

using std::chrono::milliseconds;

class ControlClient::Calls {
 public:
  Calls(std::string address, milliseconds timeout,
        std::shared_ptr<grpc::ChannelCredentials> credentials)
      : address_(std::move(address)),
        timeout_(timeout),
        stub_(v1::Control::NewStub(
            ConnectToAggregator(address_, std::move(credentials)))) {}

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (v1::Control::Stub::*method)(grpc::ClientContext*,
                                                const Request&, Response*),
      const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout_);
    Response response;
    const absl::Status status =
        FromGrpc((stub_.get()->*method)(&context, request, &response));
    if (status.ok()) return response;
    if (absl::IsDeadlineExceeded(status)) {
      return absl::DeadlineExceededError(absl::StrCat(
          "no answer from the aggregator at ", address_, " for ",
          timeout_.count() / 1000.0,
          " s: it is very busy, or out of reach; try a longer --timeout"));
    }
    if (absl::IsUnimplemented(status)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the program at ", address_,
          " does not take this command: ", std::string(status.message()),
          "; use the same version of Starling on both sides"));
    }
    return status;
  }

 private:
  const std::string address_;
  const milliseconds timeout_;
  const std::unique_ptr<v1::Control::Stub> stub_;
};

ControlClient::ControlClient(std::string address, std::unique_ptr<Calls> calls)
    : address_(std::move(address)), calls_(std::move(calls)) {}

ControlClient::~ControlClient() = default;

absl::StatusOr<std::unique_ptr<ControlClient>> ControlClient::Connect(
    const std::string& run, milliseconds timeout,
    const Credentials& credentials) {
  ASSIGN_OR_RETURN(const v1::Experiment experiment, ReadRunExperiment(run));
  const RunPaths paths(run);
  std::error_code error;
  if (!std::filesystem::exists(paths.endpoint, error)) {
    return absl::UnavailableError(absl::StrCat(
        "nobody computes ", run, " now (there is no ", paths.endpoint,
        "); start it with `starling train` or `starling aggregator`"));
  }
  ASSIGN_OR_RETURN(const v1::RunEndpoint endpoint,
                   ReadEndpoint(paths.endpoint));
  std::shared_ptr<grpc::ChannelCredentials> shown;
  if (credentials) {
    ASSIGN_OR_RETURN(shown, credentials(endpoint));
  }
  auto calls =
      std::make_unique<Calls>(endpoint.address(), timeout, std::move(shown));
  std::unique_ptr<ControlClient> client(
      new ControlClient(endpoint.address(), std::move(calls)));
  const absl::StatusOr<v1::StatusReply> status = client->GetStatus();
  if (absl::IsUnavailable(status.status())) {
    return absl::UnavailableError(absl::StrCat(
        paths.endpoint, " says ", endpoint.address(),
        ", but no aggregator answers there (",
        std::string(status.status().message()),
        "): it was killed, or is out of reach from here. The command that "
        "started ",
        run, " goes on with it"));
  }
  if (!status.ok()) return status.status();
  if (status->config_sha256() != ConfigDigest(experiment)) {
    return absl::UnavailableError(absl::StrCat(
        paths.endpoint, " says ", endpoint.address(), ", but the run ",
        status->name(), " that is computed there is another one than ", run,
        ": its own aggregator was killed, and the address was taken since. The "
        "command that started ",
        run, " goes on with it"));
  }
  return client;
}

absl::StatusOr<v1::StatusReply> ControlClient::GetStatus() {
  return calls_->Call(&v1::Control::Stub::GetStatus, v1::StatusRequest());
}
absl::StatusOr<v1::ListWorkersReply> ControlClient::ListWorkers() {
  return calls_->Call(&v1::Control::Stub::ListWorkers,
                      v1::ListWorkersRequest());
}
absl::StatusOr<v1::PauseReply> ControlClient::Pause() {
  return calls_->Call(&v1::Control::Stub::Pause, v1::PauseRequest());
}
absl::StatusOr<v1::ResumeReply> ControlClient::Resume() {
  return calls_->Call(&v1::Control::Stub::Resume, v1::ResumeRequest());
}
absl::Status ControlClient::Stop(const v1::StopRequest& request) {
  return calls_->Call(&v1::Control::Stub::Stop, request).status();
}
absl::StatusOr<v1::CheckpointReply> ControlClient::Checkpoint() {
  return calls_->Call(&v1::Control::Stub::Checkpoint, v1::CheckpointRequest());
}
absl::StatusOr<v1::DrainWorkerReply> ControlClient::DrainWorker(
    const std::string& worker) {
  v1::DrainWorkerRequest request;
  request.set_worker(worker);
  return calls_->Call(&v1::Control::Stub::DrainWorker, request);
}

}  // namespace starling
