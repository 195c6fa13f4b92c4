// The service as a hostile or mistaken client sees it: what is refused, and
// that it harms nobody else.
#include <grpcpp/grpcpp.h>

#include <limits>
#include <string>
#include <vector>

#include "base/protocol.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/protocol_fixture.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using testing::ProtocolClient;
using testing::ProtocolTest;
using Reply = v1::WorkReply;

class ServiceRefusalTest : public ProtocolTest {};

TEST_F(ServiceRefusalTest, OtherKindsOfWorkersAreRefused) {
  const v1::RegisterRequest good = ProtocolClient::Request(experiment_, 1);
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

TEST_F(ServiceRefusalTest, UnknownSessionMustRegister) {
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

TEST_F(ServiceRefusalTest, ImpossibleResultsAreRejectedWithAReason) {
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
  ASSERT_TRUE(other->Register(ProtocolClient::Request(experiment_, 1)).ok());
  EXPECT_EQ(other->Deliver(good), Reply::REJECTED) << "a foreign lease";
  EXPECT_EQ(aggregator_->storage().results_stored, 0);

  EXPECT_EQ(client_->Deliver(good), Reply::ACCEPTED);
}

TEST_F(ServiceRefusalTest, HostileWorkerGetsNoMoreWork) {
  auto leases = client_->Acquire(1);
  v1::LeasedResult bad = Answer(leases[0]);
  bad.mutable_result()->set_returns(0, 1e308);
  for (int i = 0; i < 11; ++i) {
    EXPECT_EQ(client_->Deliver(bad), Reply::REJECTED);
  }

  EXPECT_TRUE(client_->Acquire(1).empty());
  auto honest = NewClient();
  ASSERT_TRUE(honest->Register(ProtocolClient::Request(experiment_, 4)).ok());
  EXPECT_EQ(honest->Acquire(4).size(), 4u);
}

TEST_F(ServiceRefusalTest, OversizeIsRefusedAndTheConnectionSurvives) {
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

TEST_F(ServiceRefusalTest, RandomRequestsHarmNobody) {
  // Requests with fields set at random, valid and not; the honest client must
  // be served as before.
  uint64_t state = 1;
  const auto random = [&state](uint64_t n) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
  const auto leases = client_->Acquire(1);
  auto hostile = NewClient();
  ASSERT_TRUE(hostile->Register(ProtocolClient::Request(experiment_, 1)).ok());
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

TEST_F(ServiceRefusalTest, SecondAggregatorOnAPortIsRefused) {
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
  for (const char* open : {"0.0.0.0:80", "[::]:80", "node7:9000",
                           "127.example.org:80"}) {
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
