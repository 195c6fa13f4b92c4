#include "aggregator/service.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "aggregator/control_service.h"
#include "aggregator/service_security.h"
#include "aggregator/tcp_peers.h"
#include "base/grpc_status.h"
#include "base/grpc_setup.h"
#include "base/handover.h"
#include "base/log.h"
#include "base/loopback.h"
#include "base/protocol.h"
#include "base/status.h"
#include "proto/work.grpc.pb.h"

namespace starling {
namespace {

// In a line of the log.
constexpr size_t kMaxPeersNamed = 5;
// Longest path of a Unix socket on Linux.
constexpr size_t kMaxSocketPath = 107;

absl::Status TooMany(const char* what, int n, int limit) {
  return absl::ResourceExhaustedError(
      absl::StrCat(n, " ", what, " in one call, at most ", limit));
}

absl::Status CheckBounds(const v1::WorkRequest& request) {
  if (request.results_size() > kMaxResultsPerWork) {
    return TooMany("results", request.results_size(), kMaxResultsPerWork);
  }
  return absl::OkStatus();
}
absl::Status CheckBounds(const v1::HeartbeatRequest& request) {
  if (request.lease_ids_size() > kMaxLeasesPerHeartbeat) {
    return TooMany("leases", request.lease_ids_size(), kMaxLeasesPerHeartbeat);
  }
  return absl::OkStatus();
}
absl::Status CheckBounds(const v1::LeaveRequest& request) {
  if (request.results_size() > kMaxResultsPerWork) {
    return TooMany("results", request.results_size(), kMaxResultsPerWork);
  }
  return absl::OkStatus();
}

// Counts one call, from its making to its end.
class RpcTimer {
 public:
  RpcTimer(Coordinator* coordinator, Metrics::Rpc rpc)
      : metrics_(&coordinator->metrics()),
        rpc_(rpc),
        began_(std::chrono::steady_clock::now()) {}
  void End(absl::StatusCode code) const {
    metrics_->ObserveRpc(rpc_, std::chrono::steady_clock::now() - began_, code);
    HandOver(metrics_);
  }

 private:
  Metrics* metrics_;
  Metrics::Rpc rpc_;
  std::chrono::steady_clock::time_point began_;
};

// A callback that fills `reply` and finishes `reactor`.
template <typename T>
Coordinator::Reply<T> Finisher(RpcTimer timer,
                               grpc::ServerUnaryReactor* reactor, T* reply) {
  return [timer, reactor, reply](absl::StatusOr<T> answer) {
    timer.End(answer.status().code());
    if (answer.ok()) *reply = *std::move(answer);
    HandOver(reactor);
    reactor->Finish(ToGrpc(answer.status()));
  };
}

// A held call: tells the coordinator when the caller goes away.
class WorkReactor : public grpc::ServerUnaryReactor {
 public:
  explicit WorkReactor(Coordinator* coordinator) : coordinator_(coordinator) {}
  void Start(const v1::WorkRequest& request, v1::WorkReply* reply) {
    ticket_ = coordinator_->Work(
        request,
        Finisher(RpcTimer(coordinator_, Metrics::Rpc::kWork), this, reply));
    HandOver(this);
  }
  void OnCancel() override {
    TakeOver(this);
    coordinator_->CancelWork(ticket_);
    HandOver(this);
  }
  void OnDone() override {
    TakeOver(this);
    delete this;
  }

 private:
  Coordinator* const coordinator_;
  // Kept apart from what the coordinator's answer touches: `this` may be gone
  // as soon as it has answered.
  uint64_t ticket_ = 0;
};

// One blob, in chunks.
class BlobReactor : public grpc::ServerWriteReactor<v1::BlobChunk> {
 public:
  void Start(Coordinator* coordinator, const v1::BlobRequest& request) {
    offset_ = request.offset();
    const RpcTimer timer(coordinator, Metrics::Rpc::kGetBlob);
    coordinator->GetBlob(
        request, [this, timer](absl::StatusOr<Coordinator::Blob> blob) {
          timer.End(blob.status().code());
          if (!blob.ok()) return End(ToGrpc(blob.status()));
          blob_ = *std::move(blob);
          if (offset_ > blob_->size()) {
            return End(ToGrpc(absl::OutOfRangeError(absl::StrCat(
                "offset ", offset_, " of ", blob_->size(), " bytes"))));
          }
          WriteNext();
        });
  }
  void End(const grpc::Status& status) {
    HandOver(this);
    Finish(status);
  }
  void OnWriteDone(bool ok) override {
    TakeOver(this);
    if (!ok) return End(grpc::Status::CANCELLED);
    WriteNext();
  }
  void OnDone() override {
    TakeOver(this);
    delete this;
  }

 private:
  void WriteNext() {
    if (offset_ == blob_->size()) return End(grpc::Status::OK);
    const size_t n = std::min<size_t>(kBlobChunkBytes, blob_->size() - offset_);
    chunk_.set_data(blob_->substr(offset_, n));
    chunk_.set_total(blob_->size());
    offset_ += n;
    HandOver(this);
    StartWrite(&chunk_);
  }

  Coordinator::Blob blob_;
  uint64_t offset_ = 0;
  v1::BlobChunk chunk_;
};

}  // namespace

class Service::Calls : public v1::Aggregator::CallbackService {
 public:
  Calls(Coordinator* coordinator, Access* access)
      : coordinator_(coordinator), access_(access) {
    HandOver(this);
  }
  // No call is under way any more.
  ~Calls() override { TakeOver(&coordinator_->metrics()); }

  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context,
                                     const v1::RegisterRequest* request,
                                     v1::RegisterReply* reply) override {
    const absl::Status status = CheckWorker(*context);
    if (!status.ok()) return Refuse(context, status);
    auto* reactor = context->DefaultReactor();
    coordinator_->Register(
        *request, Finisher(RpcTimer(coordinator_, Metrics::Rpc::kRegister),
                           reactor, reply));
    return reactor;
  }

  grpc::ServerUnaryReactor* Work(grpc::CallbackServerContext* context,
                                 const v1::WorkRequest* request,
                                 v1::WorkReply* reply) override {
    const absl::Status status = Check(*context, *request);
    if (!status.ok()) return Refuse(context, status);
    if (request->results().empty()) {
      auto* reactor = new WorkReactor(coordinator_);
      reactor->Start(*request, reply);
      return reactor;
    }
    // Is answered soon. gRPC ends its own reactor without changing threads.
    auto* reactor = context->DefaultReactor();
    coordinator_->Work(
        *request,
        Finisher(RpcTimer(coordinator_, Metrics::Rpc::kWork), reactor, reply));
    return reactor;
  }

  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatReply* reply) override {
    const absl::Status status = Check(*context, *request);
    if (!status.ok()) return Refuse(context, status);
    auto* reactor = context->DefaultReactor();
    coordinator_->Heartbeat(
        *request, Finisher(RpcTimer(coordinator_, Metrics::Rpc::kHeartbeat),
                           reactor, reply));
    return reactor;
  }

  grpc::ServerWriteReactor<v1::BlobChunk>* GetBlob(
      grpc::CallbackServerContext* context,
      const v1::BlobRequest* request) override {
    auto* reactor = new BlobReactor;
    const absl::Status status = CheckWorker(*context);
    if (status.ok()) {
      reactor->Start(coordinator_, *request);
    } else {
      reactor->End(ToGrpc(status));
    }
    return reactor;
  }

  grpc::ServerUnaryReactor* Leave(grpc::CallbackServerContext* context,
                                  const v1::LeaveRequest* request,
                                  v1::LeaveReply* reply) override {
    const absl::Status status = Check(*context, *request);
    if (!status.ok()) return Refuse(context, status);
    auto* reactor = context->DefaultReactor();
    coordinator_->Leave(
        *request,
        Finisher(RpcTimer(coordinator_, Metrics::Rpc::kLeave), reactor, reply));
    return reactor;
  }

 private:
  absl::Status CheckWorker(const grpc::CallbackServerContext& context) const {
    TakeOver(this);
    absl::Status status = CheckCaller(*access_, context, Role::kWorker);
    HandOver(&coordinator_->metrics());
    return status;
  }
  // Before anything else is done with a call.
  template <typename Request>
  absl::Status Check(const grpc::CallbackServerContext& context,
                     const Request& request) const {
    RETURN_IF_ERROR(CheckWorker(context));
    return CheckBounds(request);
  }
  static grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context,
                                          const absl::Status& status) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(status));
    return reactor;
  }

  Coordinator* const coordinator_;
  Access* const access_;
};

absl::Status CheckAddress(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) {
    const size_t size = address.size() - 5;
    if (size >= 1 && size <= kMaxSocketPath) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "the path of a Unix socket has 1 to ", kMaxSocketPath, " bytes, ",
        address, " has ", size, "; choose a shorter one"));
  }
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", address, "\" is not an address; wanted: unix:PATH or HOST:PORT"));
  }
  return absl::OkStatus();
}

absl::Status CheckListenAddress(const std::string& address,
                                bool insecure_network, bool tls) {
  RETURN_IF_ERROR(CheckAddress(address));
  if (tls || absl::StartsWith(address, "unix:")) return absl::OkStatus();
  const std::string host = address.substr(0, address.rfind(':'));
  if (host == "[::1]" || IsLoopback(host)) return absl::OkStatus();
  if (!insecure_network) {
    return absl::InvalidArgumentError(absl::StrCat(
        address,
        " is open to other hosts, in plain text; secure it with --tls and a "
        "folder that `starling certs server` makes, use a loopback address "
        "(127.0.0.1), or allow it with --insecure_network"));
  }
  LOG(WARNING) << "listening in plain text on " << address
               << ": anybody who reaches it can take part in the run";
  return absl::OkStatus();
}

Service::Service() = default;

absl::StatusOr<std::unique_ptr<Service>> Service::Start(
    Coordinator* coordinator, const ServiceOptions& options) {
  for (const std::string& address : options.listen) {
    RETURN_IF_ERROR(CheckListenAddress(address, options.insecure_network,
                                       options.tls.has_value()));
  }
  RouteGrpcLog();
  SetUpGrpc();
  std::unique_ptr<Service> service(new Service);
  Access::Options access;
  if (options.tls.has_value()) access.tokens = options.tls->tokens;
  access.report = [](const std::string& line) { LOG(WARNING) << line; };
  service->access_ = std::make_unique<Access>(std::move(access));
  service->calls_ =
      std::make_unique<Calls>(coordinator, service->access_.get());

  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.RegisterService(service->calls_.get());
  service->control_ =
      NewControlService(coordinator, service->access_.get());
  builder.RegisterService(service->control_.get());
  builder.SetMaxReceiveMessageSize(kAggregatorMaxMessageBytes);
  builder.SetMaxSendMessageSize(kWorkerMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 2'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  const std::shared_ptr<grpc::ServerCredentials> plain =
      grpc::InsecureServerCredentials();
  const std::shared_ptr<grpc::ServerCredentials> network =
      options.tls.has_value() ? AggregatorCredentials(*options.tls) : plain;
  using Connections = grpc::ServerBuilder::experimental_type;
  for (const std::string& address : options.listen) {
    ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener,
                     Listener::Bind(address));
    service->addresses_.push_back(listener->address());
    service->acceptors_.push_back(
        builder.experimental().AddExternalConnectionAcceptor(
            Connections::ExternalConnectionType::FROM_FD,
            listener->port() == 0 ? plain : network));
    service->listeners_.push_back(std::move(listener));
  }
  service->server_ = builder.BuildAndStart();
  if (service->server_ == nullptr) {
    return absl::InternalError("gRPC can't start a server");
  }
  std::set<int> open;
  for (size_t i = 0; i < service->listeners_.size(); ++i) {
    Listener& listener = *service->listeners_[i];
    if (listener.port() != 0) open.insert(listener.port());
    listener.Start([acceptor = service->acceptors_[i].get()](int fd) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
          connection;
      connection.fd = fd;
      acceptor->HandleNewConnection(&connection);
    });
  }
  if (options.tls.has_value()) {
    service->witness_ = std::make_unique<HandshakeWitness>(
        [open, access = service->access_.get()] {
          std::vector<std::string> peers = access->Strangers(TcpPeers(open));
          if (peers.size() > kMaxPeersNamed) peers.resize(kMaxPeersNamed);
          return absl::StrCat(
              " Connected but not let in: ",
              peers.empty() ? "nobody any more" : absl::StrJoin(peers, ", "));
        });
  }
  service->SetReady(true);
  return service;
}

void Service::SetReady(bool is_ready) {
  auto* health = server_->GetHealthCheckService();
  if (health != nullptr) {
    health->SetServingStatus("starling.v1.Aggregator", is_ready);
  }
}

Service::~Service() {
  if (server_ == nullptr) return;
  for (const auto& listener : listeners_) listener->Stop();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

std::shared_ptr<grpc::Channel> Service::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kWorkerMaxMessageBytes);
  return server_->InProcessChannel(arguments);
}

}  // namespace starling
