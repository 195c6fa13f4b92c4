#include "tests/integration/protocol_fixture.h"

#include <chrono>
#include <utility>

#include "base/protocol.h"
#include "workers/rollout_evaluator.h"

namespace starling::testing {

using Verdict = v1::WorkReply::Verdict;

ProtocolClient::ProtocolClient(std::shared_ptr<grpc::Channel> channel)
    : stub_(v1::Aggregator::NewStub(std::move(channel))) {}

v1::RegisterRequest ProtocolClient::Request(const v1::Experiment& experiment,
                                            int slots) {
  v1::RegisterRequest request;
  request.set_protocol_major(kProtocolMajor);
  *request.mutable_env_spec() = EnvSpecOf(experiment);
  *request.mutable_fingerprint() = FakeFingerprint();
  request.set_slots(slots);
  return request;
}

grpc::Status ProtocolClient::Register(const v1::RegisterRequest& request) {
  grpc::ClientContext context;
  v1::RegisterReply reply;
  const grpc::Status status = stub_->Register(&context, request, &reply);
  if (status.ok() && !reply.session().empty()) {
    session = reply.session();
    incarnation = reply.incarnation();
  }
  return status;
}

grpc::Status ProtocolClient::Work(const v1::WorkRequest& request,
                                  v1::WorkReply* reply) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(60));
  return stub_->Work(&context, request, reply);
}

grpc::Status ProtocolClient::Heartbeat(const std::vector<uint64_t>& held,
                                       v1::HeartbeatReply* reply) {
  grpc::ClientContext context;
  v1::HeartbeatRequest request;
  request.set_session(session);
  for (const uint64_t lease : held) request.add_lease_ids(lease);
  return stub_->Heartbeat(&context, request, reply);
}

grpc::Status ProtocolClient::Leave() {
  grpc::ClientContext context;
  v1::LeaveRequest request;
  request.set_session(session);
  v1::LeaveReply reply;
  return stub_->Leave(&context, request, &reply);
}

grpc::Status ProtocolClient::Blob(const std::string& sha256, uint64_t offset,
                                  std::string* data) {
  grpc::ClientContext context;
  v1::BlobRequest request;
  request.set_session(session);
  request.set_sha256(sha256);
  request.set_offset(offset);
  auto reader = stub_->GetBlob(&context, request);
  v1::BlobChunk chunk;
  data->clear();
  while (reader->Read(&chunk)) {
    EXPECT_LE(chunk.data().size(), static_cast<size_t>(kBlobChunkBytes));
    *data += chunk.data();
  }
  return reader->Finish();
}

std::vector<v1::Lease> ProtocolClient::Acquire(int want) {
  v1::WorkRequest request;
  request.set_session(session);
  request.set_incarnation(incarnation);
  request.set_want(want);
  v1::WorkReply reply;
  const grpc::Status status = Work(request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  digest = reply.state_sha256();
  return {reply.leases().begin(), reply.leases().end()};
}

v1::WorkRequest ProtocolClient::Delivery(
    const std::vector<v1::LeasedResult>& results) const {
  v1::WorkRequest request;
  request.set_session(session);
  request.set_incarnation(incarnation);
  for (const auto& result : results) *request.add_results() = result;
  return request;
}

std::vector<Verdict> ProtocolClient::Deliver(
    const std::vector<v1::LeasedResult>& results) {
  v1::WorkReply reply;
  const grpc::Status status = Work(Delivery(results), &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  detail = reply.detail();
  std::vector<Verdict> verdicts;
  for (const int verdict : reply.verdicts()) {
    verdicts.push_back(static_cast<Verdict>(verdict));
  }
  return verdicts;
}

Verdict ProtocolClient::Deliver(const v1::LeasedResult& result) {
  return Deliver(std::vector<v1::LeasedResult>{result})[0];
}

void ProtocolTest::Begin(CoordinatorOptions options) {
  client_.reset();
  aggregator_.reset();
  // Only the tests that are about it let sessions die of silence.
  options.sessions.missed_heartbeats = 10'000;
  aggregator_ = std::make_unique<Aggregator>(
      experiment_, NewFolder(), std::vector<std::string>{}, options);
  client_ = NewClient();
  ASSERT_TRUE(client_->Register(ProtocolClient::Request(experiment_, 4)).ok());
  auto evaluator = RolloutEvaluators()(experiment_);
  ASSERT_TRUE(evaluator.ok());
  evaluator_ = *std::move(evaluator);
}

std::unique_ptr<ProtocolClient> ProtocolTest::NewClient() {
  return std::make_unique<ProtocolClient>(
      aggregator_->service().InProcessChannel());
}

v1::LeasedResult ProtocolTest::Answer(const v1::Lease& lease,
                                      ProtocolClient& client) {
  std::string bytes;
  EXPECT_TRUE(client.Blob(client.digest, 0, &bytes).ok());
  auto state = std::make_shared<v1::PolicyState>();
  EXPECT_TRUE(state->ParseFromString(bytes));
  evaluator_->SetState(std::move(state));
  v1::LeasedResult leased;
  leased.set_lease_id(lease.lease_id());
  *leased.mutable_result() = evaluator_->Evaluate(lease.unit());
  return leased;
}

std::vector<v1::LeasedResult> ProtocolTest::FinishGeneration() {
  const uint64_t generation = aggregator_->coordinator().snapshot()->generation;
  std::vector<v1::LeasedResult> all;
  while (true) {
    const auto leases = client_->Acquire(4);
    if (leases.empty() || leases[0].unit().generation() != generation) break;
    for (const v1::Lease& lease : leases) {
      all.push_back(Answer(lease));
      EXPECT_EQ(client_->Deliver(all.back()), v1::WorkReply::ACCEPTED);
    }
  }
  return all;
}

}  // namespace starling::testing
