#include "workers/aggregator_calls.h"

#include <grpcpp/grpcpp.h>

#include <map>
#include <utility>

#include "base/grpc_status.h"
#include "proto/work.grpc.pb.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kMaxBlobBytes = uint64_t{1} << 30;

std::shared_ptr<grpc::ClientContext> NewContext(milliseconds deadline,
                                                bool wait = true) {
  auto context = std::make_shared<grpc::ClientContext>();
  context->set_wait_for_ready(wait);
  context->set_deadline(std::chrono::system_clock::now() + deadline);
  return context;
}

// What must live as long as a call.
template <typename Request, typename Response>
struct Call {
  std::shared_ptr<grpc::ClientContext> context;
  Request request;
  Response response;
};

// Reads one blob to its end.
class BlobReader : public grpc::ClientReadReactor<v1::BlobChunk> {
 public:
  using Done = std::function<void(const grpc::Status&, std::string)>;

  BlobReader(std::shared_ptr<grpc::ClientContext> context,
             v1::BlobRequest request, Done done)
      : context_(std::move(context)),
        request_(std::move(request)),
        done_(std::move(done)) {}
  void Start(v1::Aggregator::StubInterface* stub) {
    stub->async()->GetBlob(context_.get(), &request_, this);
    StartRead(&chunk_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    data_ += chunk_.data();
    if (data_.size() > kMaxBlobBytes) context_->TryCancel();
    StartRead(&chunk_);
  }
  void OnDone(const grpc::Status& status) override {
    done_(status, std::move(data_));
    delete this;
  }

 private:
  const std::shared_ptr<grpc::ClientContext> context_;
  const v1::BlobRequest request_;
  v1::BlobChunk chunk_;
  std::string data_;
  const Done done_;
};

}  // namespace

class AggregatorCalls::Rpc {
 public:
  using Async = v1::Aggregator::StubInterface::async_interface;
  template <typename Request, typename Response>
  using Method = void (Async::*)(grpc::ClientContext*, const Request*,
                                 Response*, std::function<void(grpc::Status)>);

  Rpc(std::shared_ptr<grpc::Channel> channel, EventQueue* queue)
      : stub_(v1::Aggregator::NewStub(std::move(channel))), queue_(queue) {}

  template <typename Request, typename Response>
  void Start(Method<Request, Response> method, Request request,
             milliseconds deadline, Done<Request, Response> done,
             bool wait = true) {
    auto call = std::make_shared<Call<Request, Response>>();
    call->context = NewContext(deadline, wait);
    call->request = std::move(request);
    const uint64_t id = next_++;
    contexts_[id] = call->context;
    (stub_->async()->*method)(
        call->context.get(), &call->request, &call->response,
        [this, id, call, done = std::move(done)](grpc::Status status) {
          queue_->Post([this, id, call, done, status = FromGrpc(status)] {
            contexts_.erase(id);
            if (!closed_) done(status, call->request, call->response);
          });
        });
  }

  void GetBlob(v1::BlobRequest request, milliseconds deadline, BlobDone done) {
    const uint64_t id = next_++;
    contexts_[id] = NewContext(deadline);
    auto* reader = new BlobReader(
        contexts_[id], std::move(request),
        [this, id, done = std::move(done)](const grpc::Status& status,
                                           std::string data) {
          queue_->Post([this, id, done, status = FromGrpc(status),
                        data = std::move(data)] {
            contexts_.erase(id);
            if (!closed_) done(status, data);
          });
        });
    reader->Start(stub_.get());
  }

  void Cancel() {
    closed_ = true;
    for (auto& [id, context] : contexts_) context->TryCancel();
  }
  void Close() {
    Cancel();
    while (!contexts_.empty()) {
      for (EventQueue::Event& event : queue_->Take(EventQueue::Time::max())) {
        event();
      }
    }
  }

 private:
  const std::unique_ptr<v1::Aggregator::StubInterface> stub_;
  EventQueue* const queue_;
  uint64_t next_ = 0;
  std::map<uint64_t, std::shared_ptr<grpc::ClientContext>> contexts_;
  bool closed_ = false;
};

AggregatorCalls::AggregatorCalls(std::shared_ptr<grpc::Channel> channel,
                                 EventQueue* queue)
    : rpc_(std::make_unique<Rpc>(std::move(channel), queue)) {}
AggregatorCalls::~AggregatorCalls() = default;

void AggregatorCalls::Register(
    v1::RegisterRequest request, milliseconds deadline,
    Done<v1::RegisterRequest, v1::RegisterReply> done) {
  rpc_->Start<v1::RegisterRequest, v1::RegisterReply>(
      &Rpc::Async::Register, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Work(v1::WorkRequest request, milliseconds deadline,
                           Done<v1::WorkRequest, v1::WorkReply> done) {
  rpc_->Start<v1::WorkRequest, v1::WorkReply>(
      &Rpc::Async::Work, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Heartbeat(
    v1::HeartbeatRequest request, milliseconds deadline,
    Done<v1::HeartbeatRequest, v1::HeartbeatReply> done) {
  rpc_->Start<v1::HeartbeatRequest, v1::HeartbeatReply>(
      &Rpc::Async::Heartbeat, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Leave(v1::LeaveRequest request, milliseconds deadline,
                            Done<v1::LeaveRequest, v1::LeaveReply> done) {
  rpc_->Start<v1::LeaveRequest, v1::LeaveReply>(
      &Rpc::Async::Leave, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::GetBlob(v1::BlobRequest request, milliseconds deadline,
                              BlobDone done) {
  rpc_->GetBlob(std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Probe(milliseconds deadline,
                            std::function<void(const absl::Status&)> done) {
  rpc_->Start<v1::HeartbeatRequest, v1::HeartbeatReply>(
      &Rpc::Async::Heartbeat, v1::HeartbeatRequest(), deadline,
      [done = std::move(done)](const absl::Status& status,
                               v1::HeartbeatRequest&,
                               const v1::HeartbeatReply&) { done(status); },
      /*wait=*/false);
}
void AggregatorCalls::Cancel() { rpc_->Cancel(); }
void AggregatorCalls::Close() { rpc_->Close(); }

}  // namespace starling
