#include "workers/aggregator_calls.h"

#include <grpcpp/grpcpp.h>

#include <map>
#include <utility>

#include "base/grpc_status.h"
#include "base/handover.h"
#include "proto/work.grpc.pb.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using Async = v1::Aggregator::StubInterface::async_interface;

constexpr uint64_t kMaxBlobBytes = uint64_t{1} << 30;

std::shared_ptr<grpc::ClientContext> NewContext(milliseconds deadline,
                                                bool wait = true) {
  auto context = std::make_shared<grpc::ClientContext>();
  context->set_wait_for_ready(wait);
  context->set_deadline(std::chrono::system_clock::now() + deadline);
  return context;
}

// One call with one answer.
template <typename Request, typename Response>
class UnaryCall : public grpc::ClientUnaryReactor {
 public:
  // Gets the call, too: its owner from then on.
  using Done = std::function<void(const grpc::Status&, UnaryCall*)>;
  using Method = void (Async::*)(grpc::ClientContext*, const Request*,
                                 Response*, grpc::ClientUnaryReactor*);

  UnaryCall(std::shared_ptr<grpc::ClientContext> context, Request request,
            Done done)
      : context_(std::move(context)),
        request_(std::move(request)),
        done_(std::move(done)) {}
  void Start(v1::Aggregator::StubInterface* stub, Method method) {
    (stub->async()->*method)(context_.get(), &request_, &response_, this);
    HandOver(this);
    StartCall();
  }
  void OnDone(const grpc::Status& status) override {
    TakeOver(this);
    // `this` may be gone before it returns.
    const Done done = std::move(done_);
    done(status, this);
  }
  Request& request() { return request_; }
  const Response& response() const { return response_; }

 private:
  const std::shared_ptr<grpc::ClientContext> context_;
  Request request_;
  Response response_;
  Done done_;
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
    HandOver(this);
    StartRead(&chunk_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    TakeOver(this);
    if (!ok) return HandOver(this);
    data_ += chunk_.data();
    if (data_.size() > kMaxBlobBytes) context_->TryCancel();
    HandOver(this);
    StartRead(&chunk_);
  }
  void OnDone(const grpc::Status& status) override {
    TakeOver(this);
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
  Rpc(std::shared_ptr<grpc::Channel> channel, EventQueue* queue)
      : stub_(v1::Aggregator::NewStub(std::move(channel))), queue_(queue) {}

  template <typename Request, typename Response>
  void Start(typename UnaryCall<Request, Response>::Method method,
             Request request, milliseconds deadline,
             Done<Request, Response> done, bool wait = true) {
    using Call = UnaryCall<Request, Response>;
    const uint64_t id = next_++;
    contexts_[id] = NewContext(deadline, wait);
    auto* call = new Call(
        contexts_[id], std::move(request),
        [this, id, done = std::move(done)](const grpc::Status& status,
                                           Call* ended) {
          queue_->Post([this, id, done, status = FromGrpc(status),
                        call = std::unique_ptr<Call>(ended)] {
            contexts_.erase(id);
            if (!closed_) done(status, call->request(), call->response());
          });
        });
    call->Start(stub_.get(), method);
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
      &Async::Register, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Work(v1::WorkRequest request, milliseconds deadline,
                           Done<v1::WorkRequest, v1::WorkReply> done) {
  rpc_->Start<v1::WorkRequest, v1::WorkReply>(
      &Async::Work, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Heartbeat(
    v1::HeartbeatRequest request, milliseconds deadline,
    Done<v1::HeartbeatRequest, v1::HeartbeatReply> done) {
  rpc_->Start<v1::HeartbeatRequest, v1::HeartbeatReply>(
      &Async::Heartbeat, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Leave(v1::LeaveRequest request, milliseconds deadline,
                            Done<v1::LeaveRequest, v1::LeaveReply> done) {
  rpc_->Start<v1::LeaveRequest, v1::LeaveReply>(
      &Async::Leave, std::move(request), deadline, std::move(done));
}
void AggregatorCalls::GetBlob(v1::BlobRequest request, milliseconds deadline,
                              BlobDone done) {
  rpc_->GetBlob(std::move(request), deadline, std::move(done));
}
void AggregatorCalls::Probe(milliseconds deadline,
                            std::function<void(const absl::Status&)> done) {
  rpc_->Start<v1::HeartbeatRequest, v1::HeartbeatReply>(
      &Async::Heartbeat, v1::HeartbeatRequest(), deadline,
      [done = std::move(done)](const absl::Status& status,
                               v1::HeartbeatRequest&,
                               const v1::HeartbeatReply&) { done(status); },
      /*wait=*/false);
}
void AggregatorCalls::Cancel() { rpc_->Cancel(); }
void AggregatorCalls::Close() { rpc_->Close(); }

}  // namespace starling
