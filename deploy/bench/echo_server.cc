#include "deploy/bench/echo_server.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/grpc_setup.h"
#include "base/protocol.h"
#include "proto/work.grpc.pb.h"

namespace starling {
namespace {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

// As large as the aggregator's own: incarnation 1, see coordinator.cc.
constexpr uint64_t kFirstLease = (uint64_t{1} << 40) + 1;
constexpr int kLeaseTtl_ms = 10'000;
constexpr int kHeartbeat_ms = 2'000;

Reactor* Answer(Context* context) {
  Reactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace

class EchoServer::Calls : public v1::Aggregator::CallbackService {
 public:
  explicit Calls(uint32_t num_directions) : num_directions_(num_directions) {}

  Reactor* Register(Context* context, const v1::RegisterRequest*,
                    v1::RegisterReply* reply) override {
    reply->set_session(std::string(32, 'e'));
    reply->set_incarnation(1);
    reply->set_heartbeat_ms(kHeartbeat_ms);
    return Answer(context);
  }

  Reactor* Work(Context* context, const v1::WorkRequest* request,
                v1::WorkReply* reply) override {
    for (int i = 0; i < request->results_size(); ++i) {
      reply->add_verdicts(v1::WorkReply::ACCEPTED);
    }
    for (uint32_t i = 0; i < request->want(); ++i) AddLease(reply);
    if (request->want() > 0) reply->set_state_sha256(digest_);
    return Answer(context);
  }

  Reactor* Heartbeat(Context* context, const v1::HeartbeatRequest*,
                     v1::HeartbeatReply*) override {
    return Answer(context);
  }

  Reactor* Leave(Context* context, const v1::LeaveRequest*,
                 v1::LeaveReply*) override {
    return Answer(context);
  }

 private:
  void AddLease(v1::WorkReply* reply) {
    const uint64_t number = next_.fetch_add(1, std::memory_order_relaxed);
    v1::Lease* const lease = reply->add_leases();
    lease->set_lease_id(kFirstLease + number);
    lease->set_ttl_ms(kLeaseTtl_ms);
    v1::WorkUnit* const unit = lease->mutable_unit();
    const auto index = static_cast<uint32_t>(number % (2 * num_directions_));
    unit->set_generation(1);
    unit->set_index(index);
    unit->set_direction(index / 2);
    unit->set_sign(index % 2 == 0 ? 1 : -1);
    unit->set_episode_seed(~number);
    unit->set_episodes(1);
  }

  const uint32_t num_directions_;
  const std::string digest_ = std::string(32, 'd');
  std::atomic<uint64_t> next_{0};
};

EchoServer::EchoServer() = default;

absl::StatusOr<std::unique_ptr<EchoServer>> EchoServer::Start(
    const std::string& listen, int num_directions) {
  std::unique_ptr<EchoServer> echo(new EchoServer);
  echo->calls_ = std::make_unique<Calls>(num_directions);
  SetUpGrpc();
  grpc::ServerBuilder builder;
  builder.RegisterService(echo->calls_.get());
  builder.SetMaxReceiveMessageSize(kAggregatorMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMs);
  // The workers ping as often as they do an aggregator.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 2'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  echo->server_ = builder.BuildAndStart();
  if (echo->server_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("can't listen on ", listen, "; is the port taken?"));
  }
  echo->address_ =
      absl::StrCat(listen.substr(0, listen.rfind(':') + 1), port);
  return echo;
}

EchoServer::~EchoServer() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

}  // namespace starling
