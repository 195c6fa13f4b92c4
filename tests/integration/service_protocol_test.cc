// The service as an honest client sees it, on a good day and on an unlucky one:
// sessions, leases, verdicts, and the state in chunks.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/protocol.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/protocol_fixture.h"
#include "tests/integration/service_harness.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using testing::ProtocolClient;
using testing::ProtocolTest;
using Reply = v1::WorkReply;

class ServiceProtocolTest : public ProtocolTest {};

TEST_F(ServiceProtocolTest, QuestionAnswersTheExperimentAndNoSession) {
  auto client = NewClient();
  v1::RegisterRequest question;
  question.set_protocol_major(kProtocolMajor);

  EXPECT_TRUE(client->Register(question).ok());

  EXPECT_EQ(client->session, "");
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

TEST_F(ServiceProtocolTest, LeaveGivesLeasesBackAtOnce) {
  const auto leases = client_->Acquire(4);
  ASSERT_EQ(leases.size(), 4u);
  ASSERT_TRUE(client_->Leave().ok());

  auto other = NewClient();
  ASSERT_TRUE(other->Register(ProtocolClient::Request(experiment_, 4)).ok());
  const auto again = other->Acquire(4);

  ASSERT_EQ(again.size(), 4u);
  EXPECT_EQ(again[0].unit().index(), leases[0].unit().index());
}

TEST_F(ServiceProtocolTest, WorkerThatRegistersAgainKeepsItsLeases) {
  const auto leases = client_->Acquire(2);
  const v1::LeasedResult answer = Answer(leases[0]);
  v1::RegisterRequest request = ProtocolClient::Request(experiment_, 4);
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

}  // namespace
}  // namespace starling
