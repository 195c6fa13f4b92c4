#include "tests/testing/relay.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/protocol.h"

namespace starling::testing {
namespace {

// So many results pass before a late one is delivered again: more than a
// generation of the tests has.
constexpr size_t kLateBy = 200;

// A call on behalf of one that came in; ends with it.
std::unique_ptr<grpc::ClientContext> For(const grpc::ServerContext& context) {
  return grpc::ClientContext::FromServerContext(context);
}

}  // namespace

Relay::Relay(const std::string& listen, const std::string& target,
             const Meddling& meddling)
    : meddling_(meddling), random_(meddling.seed) {
  grpc::ChannelArguments arguments;
  // An aggregator that was killed is found again at once.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  arguments.SetMaxReceiveMessageSize(kWorkerMaxMessageBytes);
  target_ = v1::Aggregator::NewStub(grpc::CreateCustomChannel(
      target, grpc::InsecureChannelCredentials(), arguments));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kWorkerMaxMessageBytes);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  CHECK(server_ != nullptr) << "can't listen at " << listen;
  address_ = listen.rfind("unix:", 0) == 0
                 ? listen
                 : "127.0.0.1:" + std::to_string(port);
}

Relay::~Relay() { server_->Shutdown(std::chrono::system_clock::now()); }

Overheard Relay::overheard() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return overheard_;
}

std::map<Relay::Verdict, int> Relay::verdicts_of_repeats() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return verdicts_;
}

bool Relay::Hits(double share) {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::bernoulli_distribution(share)(random_);
}

grpc::Status Relay::Register(grpc::ServerContext* context,
                             const v1::RegisterRequest* request,
                             v1::RegisterReply* reply) {
  if (request->has_env_spec()) {
    std::lock_guard<std::mutex> lock(mutex_);
    overheard_.registration = *request;
  }
  return target_->Register(For(*context).get(), *request, reply);
}

grpc::Status Relay::Work(grpc::ServerContext* context,
                         const v1::WorkRequest* request,
                         v1::WorkReply* reply) {
  if (request->results().empty()) {
    return target_->Work(For(*context).get(), *request, reply);
  }
  if (Hits(meddling_.lost_calls)) {
    return {grpc::StatusCode::UNAVAILABLE, "the relay has lost the call"};
  }
  v1::WorkRequest changed = *request;
  std::vector<int> order(request->results_size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<Repeat> at_once;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    overheard_.delivery = *request;
    const auto hits = [&](double share) {
      return std::bernoulli_distribution(share)(random_);
    };
    if (hits(meddling_.shuffled)) {
      std::shuffle(order.begin(), order.end(), random_);
    }
    changed.clear_results();
    for (const int i : order) *changed.add_results() = request->results(i);
    for (const v1::LeasedResult& result : request->results()) {
      const Repeat repeat{request->session(), request->incarnation(), result};
      if (hits(meddling_.doubled)) at_once.push_back(repeat);
      late_.push_back(repeat);
      if (late_.size() > kLateBy) {
        if (hits(meddling_.late)) at_once.push_back(late_.front());
        late_.pop_front();
      }
    }
  }
  const grpc::Status status =
      target_->Work(For(*context).get(), changed, reply);
  for (const Repeat& repeat : at_once) DeliverAgain(repeat);
  if (!status.ok()) return status;
  if (Hits(meddling_.lost_answers)) {
    return {grpc::StatusCode::UNAVAILABLE, "the relay has lost the answer"};
  }
  const std::vector<int> verdicts(reply->verdicts().begin(),
                                  reply->verdicts().end());
  for (size_t i = 0; i < verdicts.size() && i < order.size(); ++i) {
    reply->set_verdicts(order[i], static_cast<Verdict>(verdicts[i]));
  }
  return status;
}

void Relay::DeliverAgain(const Repeat& repeat) {
  v1::WorkRequest request;
  request.set_session(repeat.session);
  request.set_incarnation(repeat.incarnation);
  *request.add_results() = repeat.result;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(5));
  v1::WorkReply reply;
  // That of a session that is over is refused as a whole.
  if (!target_->Work(&context, request, &reply).ok()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  for (const int verdict : reply.verdicts()) {
    ++verdicts_[static_cast<Verdict>(verdict)];
  }
}

grpc::Status Relay::Heartbeat(grpc::ServerContext* context,
                              const v1::HeartbeatRequest* request,
                              v1::HeartbeatReply* reply) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    overheard_.heartbeat = *request;
  }
  return target_->Heartbeat(For(*context).get(), *request, reply);
}

grpc::Status Relay::GetBlob(grpc::ServerContext* context,
                            const v1::BlobRequest* request,
                            grpc::ServerWriter<v1::BlobChunk>* writer) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    overheard_.blob = *request;
  }
  const auto call = For(*context);
  const auto reader = target_->GetBlob(call.get(), *request);
  for (v1::BlobChunk chunk; reader->Read(&chunk);) {
    if (!writer->Write(chunk)) call->TryCancel();
  }
  return reader->Finish();
}

grpc::Status Relay::Leave(grpc::ServerContext* context,
                          const v1::LeaveRequest* request,
                          v1::LeaveReply* reply) {
  return target_->Leave(For(*context).get(), *request, reply);
}

}  // namespace starling::testing
