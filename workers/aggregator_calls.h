// A worker's calls to its aggregator: started here, ended on an event queue.
//
// Keeps gRPC away from the worker's logic. Calls wait until the connection is
// there and end at their deadlines. For the thread that runs the queue's
// events; completions are such events, so nothing needs a lock.
#ifndef STARLING_WORKERS_AGGREGATOR_CALLS_H_
#define STARLING_WORKERS_AGGREGATOR_CALLS_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/channel.h"
#include "base/event_queue.h"
#include "proto/work.pb.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace starling {

class AggregatorCalls {
 public:
  // Gets the request back, to be sent again if need be.
  template <typename Request, typename Response>
  using Done =
      std::function<void(const absl::Status&, Request&, const Response&)>;
  // What has come of a blob, whatever the status.
  using BlobDone = std::function<void(const absl::Status&, const std::string&)>;

  // `queue` outlives the object.
  AggregatorCalls(std::shared_ptr<grpc::Channel> channel, EventQueue* queue);
  // Close must have been called.
  ~AggregatorCalls();

  void Register(v1::RegisterRequest request, std::chrono::milliseconds deadline,
                Done<v1::RegisterRequest, v1::RegisterReply> done);
  void Work(v1::WorkRequest request, std::chrono::milliseconds deadline,
            Done<v1::WorkRequest, v1::WorkReply> done);
  void Heartbeat(v1::HeartbeatRequest request,
                 std::chrono::milliseconds deadline,
                 Done<v1::HeartbeatRequest, v1::HeartbeatReply> done);
  void Leave(v1::LeaveRequest request, std::chrono::milliseconds deadline,
             Done<v1::LeaveRequest, v1::LeaveReply> done);
  void GetBlob(v1::BlobRequest request, std::chrono::milliseconds deadline,
               BlobDone done);

  // Asks for nothing, without waiting for a connection: the error says why
  // there is none. Any answer of the aggregator's own says that there is one.
  void Probe(std::chrono::milliseconds deadline,
             std::function<void(const absl::Status&)> done);

  // Breaks off all calls; none is reported any more.
  void Cancel();
  // Cancel, then runs the queue's events until no call is left.
  void Close();

 private:
  class Rpc;
  std::unique_ptr<Rpc> rpc_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_AGGREGATOR_CALLS_H_
