// A run's live aggregator, for whoever has its run directory: what it says and
// what it can be told.
//
// Each call waits until it is answered, at most the timeout. Not thread-safe.
#ifndef STARLING_AGGREGATOR_CONTROL_CLIENT_H_
#define STARLING_AGGREGATOR_CONTROL_CLIENT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/channel.h"
#include "proto/control.pb.h"
#include "proto/run.pb.h"

namespace starling {

class ControlClient {
 public:
  // Finds the aggregator by RUN/endpoint and asks for its status, so that an
  // object of this class has had an answer from the right one. NotFound: `run`
  // is no run directory; Unavailable: nobody computes it, nobody answers at the
  // address, or somebody who computes another run does; DeadlineExceeded: no
  // answer in time; and the errors of `credentials`, which tells what to show
  // there (base/channel.h). Empty: plain text.
  using Credentials =
      std::function<absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>(
          const v1::RunEndpoint&)>;
  static absl::StatusOr<std::unique_ptr<ControlClient>> Connect(
      const std::string& run, std::chrono::milliseconds timeout,
      const Credentials& credentials = nullptr);
  ~ControlClient();

  // The errors are the service's (proto/control.proto) and, for all of them,
  // Unavailable and DeadlineExceeded.
  absl::StatusOr<v1::StatusReply> GetStatus();
  absl::StatusOr<v1::ListWorkersReply> ListWorkers();
  absl::StatusOr<v1::PauseReply> Pause();
  absl::StatusOr<v1::ResumeReply> Resume();
  absl::Status Stop(const v1::StopRequest& request);
  absl::StatusOr<v1::CheckpointReply> Checkpoint();
  absl::StatusOr<v1::DrainWorkerReply> DrainWorker(const std::string& worker);

  const std::string& address() const { return address_; }

 private:
  class Calls;
  ControlClient(std::string address, std::unique_ptr<Calls> calls);

  const std::string address_;
  const std::unique_ptr<Calls> calls_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_CONTROL_CLIENT_H_
