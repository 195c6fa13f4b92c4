// The service as a hostile, confused or unlucky client sees it.
#include <grpcpp/grpcpp.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/protocol.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/work.grpc.pb.h"
#include "tests/integration/service_harness.h"
#include "workers/rollout_evaluator.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using testing::Aggregator;
using testing::Await;
using ::testing::HasSubstr;
using testing::SmallExperiment;
using testing::TestWorker;
using Reply = v1::WorkReply;

// A client that speaks the protocol by hand.
class Client {
 public:
  explicit Client(std::shared_ptr<grpc::Channel> channel)
      : stub_(v1::Aggregator::NewStub(std::move(channel))) {}

  static v1::RegisterRequest Request(const v1::Experiment& experiment,
                                     int slots) {
    v1::RegisterRequest request;
    request.set_protocol_major(kProtocolMajor);
    *request.mutable_env_spec() = testing::EnvSpecOf(experiment);
    *request.mutable_fingerprint() = testing::FakeFingerprint();
    request.set_slots(slots);
    return request;
  }
  grpc::Status Register(const v1::RegisterRequest& request) {
    grpc::ClientContext context;
    v1::RegisterReply reply;
    const grpc::Status status = stub_->Register(&context, request, &reply);
    if (status.ok() && !reply.session().empty()) {
      session = reply.session();
      incarnation = reply.incarnation();
    }
    return status;
  }
  grpc::Status Work(const v1::WorkRequest& request, v1::WorkReply* reply) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(60));
    return stub_->Work(&context, request, reply);
  }
  std::vector<v1::Lease> Acquire(int want) {
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
  v1::WorkRequest Delivery(const std::vector<v1::LeasedResult>& results) {
    v1::WorkRequest request;
    request.set_session(session);
    request.set_incarnation(incarnation);
    for (const auto& result : results) *request.add_results() = result;
    return request;
  }
  std::vector<Reply::Verdict> Deliver(
      const std::vector<v1::LeasedResult>& results) {
    v1::WorkReply reply;
    const grpc::Status status = Work(Delivery(results), &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    detail = reply.detail();
    std::vector<Reply::Verdict> verdicts;
    for (const int verdict : reply.verdicts()) {
      verdicts.push_back(static_cast<Reply::Verdict>(verdict));
    }
    return verdicts;
  }
  Reply::Verdict Deliver(const v1::LeasedResult& result) {
    return Deliver(std::vector<v1::LeasedResult>{result})[0];
  }
  grpc::Status Heartbeat(const std::vector<uint64_t>& held,
                         v1::HeartbeatReply* reply) {
    grpc::ClientContext context;
    v1::HeartbeatRequest request;
    request.set_session(session);
    for (const uint64_t lease : held) request.add_lease_ids(lease);
    return stub_->Heartbeat(&context, request, reply);
  }
  grpc::Status Leave() {
    grpc::ClientContext context;
    v1::LeaveRequest request;
    request.set_session(session);
    v1::LeaveReply reply;
    return stub_->Leave(&context, request, &reply);
  }
  grpc::Status Blob(const std::string& sha256, uint64_t offset,
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

  std::string session, digest, detail;
  uint64_t incarnation = 0;

 private:
  std::unique_ptr<v1::Aggregator::Stub> stub_;
};

class ServiceProtocolTest : public ::testing::Test {
 protected:
  ServiceProtocolTest() { Begin(testing::FastOptions()); }

  void Begin(CoordinatorOptions options) {
    client_.reset();
    aggregator_.reset();
    // Only the tests that are about it let sessions die of silence.
    options.sessions.missed_heartbeats = 10'000;
    aggregator_ = std::make_unique<Aggregator>(
        experiment_, testing::NewFolder(), std::vector<std::string>{}, options);
    client_ = NewClient();
    ASSERT_TRUE(client_->Register(Client::Request(experiment_, 4)).ok());
    auto evaluator = RolloutEvaluators()(experiment_);
    ASSERT_TRUE(evaluator.ok());
    evaluator_ = *std::move(evaluator);
  }
  std::unique_ptr<Client> NewClient() {
    return std::make_unique<Client>(aggregator_->service().InProcessChannel());
  }
  // The right answer to a lease of the client's last Acquire.
  v1::LeasedResult Answer(const v1::Lease& lease, Client& client) {
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
  v1::LeasedResult Answer(const v1::Lease& lease) {
    return Answer(lease, *client_);
  }
  // Answers everything until the generation is over; the last results.
  std::vector<v1::LeasedResult> FinishGeneration() {
    const uint64_t generation =
        aggregator_->coordinator().snapshot()->generation;
    std::vector<v1::LeasedResult> all;
    while (true) {
      const auto leases = client_->Acquire(4);
      if (leases.empty() || leases[0].unit().generation() != generation) break;
      for (const v1::Lease& lease : leases) {
        all.push_back(Answer(lease));
        EXPECT_EQ(client_->Deliver(all.back()), Reply::ACCEPTED);
      }
    }
    return all;
  }

  const v1::Experiment experiment_ = SmallExperiment(100);
  std::unique_ptr<Aggregator> aggregator_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<UnitEvaluator> evaluator_;
};

TEST_F(ServiceProtocolTest, QuestionAnswersTheExperimentAndNoSession) {
  auto client = NewClient();
  v1::RegisterRequest question;
  question.set_protocol_major(kProtocolMajor);

  EXPECT_TRUE(client->Register(question).ok());

  EXPECT_EQ(client->session, "");
}

TEST_F(ServiceProtocolTest, OtherKindsOfWorkersAreRefused) {
  const v1::RegisterRequest good = Client::Request(experiment_, 1);
  auto client = NewClient();
  std::vector<v1::RegisterRequest> bad(3, good);
  bad[0].set_protocol_major(2);
  bad[1].mutable_env_spec()->set_state_size(99);
  bad[2].mutable_fingerprint()->set_physics("other");
  for (const v1::RegisterRequest& request : bad) {
    const grpc::Status status = client->Register(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), HasSubstr("aggregator"));
    EXPECT_THAT(status.error_message(), HasSubstr("worker"));
  }
}

TEST_F(ServiceProtocolTest, SecondDeliveryIsADuplicateAndCountsOnce) {
  const auto leases = client_->Acquire(1);
  ASSERT_EQ(leases.size(), 1u);
  const v1::LeasedResult answer = Answer(leases[0]);

  EXPECT_EQ(client_->Deliver({answer, answer}),
            (std::vector<Reply::Verdict>{Reply::ACCEPTED, Reply::DUPLICATE}));
  EXPECT_EQ(client_->Deliver(answer), Reply::DUPLICATE);
  EXPECT_EQ(aggregator_->storage().results_stored, 1);
}

TEST_F(ServiceProtocolTest, LateResultsAreStale) {
  const auto results = FinishGeneration();
  ASSERT_FALSE(results.empty());

  for (const auto& result : results) {
    EXPECT_EQ(client_->Deliver(result), Reply::STALE);
  }
}

TEST_F(ServiceProtocolTest, ResultsOfAnotherIncarnationAreStale) {
  const auto leases = client_->Acquire(1);
  const v1::LeasedResult answer = Answer(leases[0]);
  ++client_->incarnation;

  EXPECT_EQ(client_->Deliver(answer), Reply::STALE);
  EXPECT_EQ(aggregator_->storage().results_stored, 0);
}

TEST_F(ServiceProtocolTest, UnknownSessionMustRegister) {
  client_->session = "made up";
  v1::WorkReply reply;
  EXPECT_EQ(client_->Work(client_->Delivery({}), &reply).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  v1::HeartbeatReply beat;
  EXPECT_EQ(client_->Heartbeat({}, &beat).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  std::string data;
  EXPECT_EQ(client_->Blob("x", 0, &data).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(client_->Leave().ok()) << "who is unknown has left";
}

TEST_F(ServiceProtocolTest, ImpossibleResultsAreRejectedWithAReason) {
  const auto leases = client_->Acquire(2);
  ASSERT_EQ(leases.size(), 2u);
  const v1::LeasedResult good = Answer(leases[0]);
  // The noise is compared in the first result of a session and generation.
  v1::LeasedResult stranger = good;
  stranger.mutable_result()->set_perturbation_check(
      good.result().perturbation_check() ^ 1);
  EXPECT_EQ(client_->Deliver(stranger), Reply::REJECTED);
  EXPECT_THAT(client_->detail, HasSubstr("random numbers"));
  std::vector<v1::LeasedResult> bad(8, good);
  bad[0].mutable_result()->set_returns(
      0, std::numeric_limits<double>::quiet_NaN());
  bad[1].mutable_result()->set_returns(0, 1e308);
  bad[2].mutable_result()->add_returns(1);
  bad[3].mutable_result()->set_lengths(0, 1'000'000);
  bad[4].mutable_result()->set_index(1'000'000);
  bad[5].mutable_result()->set_generation(99);
  bad[6].set_lease_id(leases[1].lease_id());
  bad[7].set_lease_id(leases[1].lease_id() + 1000);
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(client_->Deliver(bad[i]), Reply::REJECTED) << i;
    EXPECT_NE(client_->detail, "") << i;
  }
  auto other = NewClient();
  ASSERT_TRUE(other->Register(Client::Request(experiment_, 1)).ok());
  EXPECT_EQ(other->Deliver(good), Reply::REJECTED) << "a foreign lease";
  EXPECT_EQ(aggregator_->storage().results_stored, 0);

  EXPECT_EQ(client_->Deliver(good), Reply::ACCEPTED);
}

TEST_F(ServiceProtocolTest, HostileWorkerGetsNoMoreWork) {
  auto leases = client_->Acquire(1);
  v1::LeasedResult bad = Answer(leases[0]);
  bad.mutable_result()->set_returns(0, 1e308);
  for (int i = 0; i < 11; ++i) {
    EXPECT_EQ(client_->Deliver(bad), Reply::REJECTED);
  }

  EXPECT_TRUE(client_->Acquire(1).empty());
  auto honest = NewClient();
  ASSERT_TRUE(honest->Register(Client::Request(experiment_, 4)).ok());
  EXPECT_EQ(honest->Acquire(4).size(), 4u);
}

TEST_F(ServiceProtocolTest, OversizeIsRefusedAndTheConnectionSurvives) {
  v1::WorkReply reply;
  EXPECT_EQ(client_
                ->Work(client_->Delivery(std::vector<v1::LeasedResult>(
                           kMaxResultsPerWork + 1)),
                       &reply)
                .error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  v1::LeasedResult huge;
  huge.mutable_result()->set_detail(std::string(2 << 20, 'x'));
  EXPECT_EQ(client_->Work(client_->Delivery({huge}), &reply).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  v1::HeartbeatReply beat;
  const std::vector<uint64_t> many(kMaxLeasesPerHeartbeat + 1);
  EXPECT_EQ(client_->Heartbeat(many, &beat).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);

  EXPECT_EQ(client_->Acquire(1'000'000).size(), 5u)
      << "four slots and one in reserve, however much is asked for";
}

TEST_F(ServiceProtocolTest, LeaveGivesLeasesBackAtOnce) {
  const auto leases = client_->Acquire(4);
  ASSERT_EQ(leases.size(), 4u);
  ASSERT_TRUE(client_->Leave().ok());

  auto other = NewClient();
  ASSERT_TRUE(other->Register(Client::Request(experiment_, 4)).ok());
  const auto again = other->Acquire(4);

  ASSERT_EQ(again.size(), 4u);
  EXPECT_EQ(again[0].unit().index(), leases[0].unit().index());
}

TEST_F(ServiceProtocolTest, WorkerThatRegistersAgainKeepsItsLeases) {
  const auto leases = client_->Acquire(2);
  const v1::LeasedResult answer = Answer(leases[0]);
  v1::RegisterRequest request = Client::Request(experiment_, 4);
  request.set_previous_session(client_->session);

  ASSERT_TRUE(client_->Register(request).ok());

  EXPECT_EQ(client_->Deliver(answer), Reply::ACCEPTED);
  v1::HeartbeatReply beat;
  ASSERT_TRUE(client_->Heartbeat({leases[1].lease_id()}, &beat).ok());
  EXPECT_EQ(beat.cancel_size(), 0);
}

TEST_F(ServiceProtocolTest, HeartbeatNamesLeasesThatNeedNotBeFinished) {
  const auto leases = client_->Acquire(2);
  ASSERT_EQ(client_->Deliver(Answer(leases[0])), Reply::ACCEPTED);

  v1::HeartbeatReply beat;
  ASSERT_TRUE(
      client_
          ->Heartbeat({leases[0].lease_id(), leases[1].lease_id(), 12345},
                      &beat)
          .ok());

  EXPECT_THAT(std::vector<uint64_t>(beat.cancel().begin(), beat.cancel().end()),
              ::testing::ElementsAre(leases[0].lease_id(), 12345));
}

TEST_F(ServiceProtocolTest, PollIsHeldAndAnsweredEmptyInTheEnd) {
  CoordinatorOptions options = testing::FastOptions();
  options.hold = milliseconds(50);
  Begin(options);
  while (!client_->Acquire(4).empty()) {
  }

  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(client_->Acquire(4).empty());
  EXPECT_GE(std::chrono::steady_clock::now() - start, options.hold);
}

TEST_F(ServiceProtocolTest, BlobComesInChunksFromAnyOffset) {
  client_->Acquire(1);
  std::string whole, rest;
  ASSERT_TRUE(client_->Blob(client_->digest, 0, &whole).ok());
  EXPECT_EQ(Sha256(whole), client_->digest);

  ASSERT_TRUE(client_->Blob(client_->digest, 5, &rest).ok());
  EXPECT_EQ(rest, whole.substr(5));
  ASSERT_TRUE(client_->Blob(client_->digest, whole.size(), &rest).ok());
  EXPECT_EQ(rest, "");
  EXPECT_EQ(
      client_->Blob(client_->digest, whole.size() + 1, &rest).error_code(),
      grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(client_->Blob("no such digest", 0, &rest).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServiceProtocolTest, RandomRequestsHarmNobody) {
  // Requests with fields set at random, valid and not; the honest client must
  // be served as before.
  uint64_t state = 1;
  const auto random = [&state](uint64_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
  const auto leases = client_->Acquire(1);
  auto hostile = NewClient();
  ASSERT_TRUE(hostile->Register(Client::Request(experiment_, 1)).ok());
  for (int i = 0; i < 300; ++i) {
    v1::WorkRequest request;
    request.set_session(random(4) > 0 ? hostile->session : "x");
    request.set_incarnation(hostile->incarnation + random(2));
    for (uint64_t k = 0; k <= random(6); ++k) {
      auto* leased = request.add_results();
      leased->set_lease_id(random(2) > 0 ? leases[0].lease_id() + random(4)
                                         : ~random(100));
      auto* result = leased->mutable_result();
      result->set_generation(random(3));
      result->set_index(random(12));
      result->set_status(static_cast<v1::RolloutResult::Status>(random(7)));
      for (uint64_t e = 0; e < random(3); ++e) {
        result->add_returns(random(2) > 0 ? 1e300 : -1);
        result->add_lengths(random(50));
      }
      result->set_perturbation_check(random(1000));
      result->mutable_observations()->set_count(random(3));
    }
    v1::WorkReply reply;
    hostile->Work(request, &reply);
  }

  EXPECT_EQ(client_->Deliver(Answer(leases[0])), Reply::ACCEPTED);
}

TEST_F(ServiceProtocolTest, SecondAggregatorOnAPortIsRefused) {
  ServiceOptions options;
  options.listen = {"127.0.0.1:0"};
  auto first = Service::Start(&aggregator_->coordinator(), options);
  ASSERT_TRUE(first.ok()) << first.status();
  options.listen = (*first)->addresses();

  const auto second = Service::Start(&aggregator_->coordinator(), options);

  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(options.listen[0]));
}

TEST(ServiceAddresses, OnlyLoopbackAndSocketsUnlessAllowed) {
  for (const char* good :
       {"unix:/tmp/x", "127.0.0.1:80", "localhost:0", "[::1]:9000"}) {
    EXPECT_TRUE(CheckListenAddress(good, false).ok()) << good;
  }
  for (const char* open : {"0.0.0.0:80", "[::]:80", "node7:9000"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckListenAddress(open, false)));
    EXPECT_TRUE(CheckListenAddress(open, true).ok()) << open;
  }
  const std::string long_path = "unix:" + std::string(108, 'a');
  for (const std::string& bad :
       std::vector<std::string>{"", "80", "host:", "host:99999", "unix:", ":80",
                                "host:x", long_path}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckListenAddress(bad, true))) << bad;
  }
}

}  // namespace
}  // namespace starling
