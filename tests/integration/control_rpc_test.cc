// The operators' service in front of a real coordinator, called as any client
// might.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cmath>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/handover.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/control.grpc.pb.h"
#include "tests/integration/protocol_fixture.h"

namespace starling {
namespace {

using testing::Await;
using ::testing::HasSubstr;
using testing::ProtocolClient;
using testing::ProtocolTest;
using Verdict = v1::WorkReply;

class ControlRpcTest : public ProtocolTest {
 protected:
  ControlRpcTest()
      : control_(
            v1::Control::NewStub(aggregator_->service().InProcessChannel())) {}

  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::Control::Stub::*method)(
                        grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(60));
    return (control_.get()->*method)(&context, request, response);
  }
  v1::StatusReply GetStatus() {
    v1::StatusReply reply;
    const grpc::Status status =
        Call(&v1::Control::Stub::GetStatus, v1::StatusRequest(), &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  v1::ListWorkersReply ListWorkers() {
    v1::ListWorkersReply reply;
    const grpc::Status status =
        Call(&v1::Control::Stub::ListWorkers, v1::ListWorkersRequest(), &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  bool Pause() {
    v1::PauseReply reply;
    EXPECT_TRUE(
        Call(&v1::Control::Stub::Pause, v1::PauseRequest(), &reply).ok());
    return reply.changed();
  }
  bool Resume() {
    v1::ResumeReply reply;
    EXPECT_TRUE(
        Call(&v1::Control::Stub::Resume, v1::ResumeRequest(), &reply).ok());
    return reply.changed();
  }
  grpc::Status Drain(const std::string& worker) {
    v1::DrainWorkerRequest request;
    request.set_worker(worker);
    v1::DrainWorkerReply reply;
    return Call(&v1::Control::Stub::DrainWorker, request, &reply);
  }
  // Of the standard health service: 1 serving, 2 not serving.
  int Health(const std::string& service) {
    grpc::GenericStub stub(aggregator_->service().InProcessChannel());
    // message HealthCheckRequest { string service = 1; }
    std::string bytes;
    if (!service.empty()) {
      bytes = std::string("\x0a") + static_cast<char>(service.size()) + service;
    }
    grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1), response;
    grpc::ClientContext context;
    grpc::Status status;
    std::promise<void> done;
    HandOver(&done);
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check",
                   grpc::StubOptions(), &request, &response,
                   [&](grpc::Status s) {
                     TakeOver(&done);
                     status = s;
                     done.set_value();
                   });
    done.get_future().wait();
    EXPECT_TRUE(status.ok()) << status.error_message();
    grpc::Slice answer;
    EXPECT_TRUE(response.DumpToSingleSlice(&answer).ok());
    // message HealthCheckResponse { ServingStatus status = 1; }
    return answer.size() == 2 ? answer.begin()[1] : -1;
  }

  std::unique_ptr<v1::Control::Stub> control_;
};

TEST_F(ControlRpcTest, StatusTellsWhatIsUnderWay) {
  client_->Acquire(3);
  ASSERT_TRUE(Await([&] { return GetStatus().units_outstanding() == 3; }));

  const v1::StatusReply status = GetStatus();

  EXPECT_EQ(status.name(), "small");
  EXPECT_EQ(status.phase(), v1::StatusReply::TRAINING);
  EXPECT_EQ(status.budget_generations(), 100u);
  EXPECT_EQ(status.units_pending(), status.units() - 3);
  // In this test's haste a worker is suspect after 0.2 s.
  EXPECT_EQ(status.workers_active() + status.workers_suspect(), 1u);
  EXPECT_EQ(status.slots(), 4u);
  EXPECT_EQ(status.config_sha256().size(), 32u);
  EXPECT_FALSE(status.has_return_mean());
}

TEST_F(ControlRpcTest, APausedRunTakesAnswersButGivesNoLeases) {
  const auto leases = client_->Acquire(2);
  ASSERT_EQ(leases.size(), 2u);

  const v1::LeasedResult first = Answer(leases[0]), second = Answer(leases[1]);

  EXPECT_TRUE(Pause());
  EXPECT_FALSE(Pause()) << "already";

  EXPECT_TRUE(GetStatus().paused());
  EXPECT_TRUE(client_->Acquire(2).empty());
  EXPECT_EQ(client_->Deliver(first), Verdict::ACCEPTED);
  EXPECT_EQ(client_->Deliver(second), Verdict::ACCEPTED);
  EXPECT_TRUE(Await([&] {
    return GetStatus().waiting().find("paused") != std::string::npos;
  }));
  EXPECT_TRUE(Resume());
  EXPECT_FALSE(Resume());
  EXPECT_EQ(client_->Acquire(2).size(), 2u);
  EXPECT_EQ(GetStatus().waiting(), "");
}

TEST_F(ControlRpcTest, ResumingServesCallsThatAreHeld) {
  Begin([] {
    CoordinatorOptions options = testing::FastOptions();
    options.hold = std::chrono::seconds(60);
    return options;
  }());
  control_ = v1::Control::NewStub(aggregator_->service().InProcessChannel());
  Pause();
  std::vector<v1::Lease> leases;
  std::thread caller([&] { leases = client_->Acquire(1); });
  // The call arrives sooner or later; either way it ends with the resumption.
  const auto began = std::chrono::steady_clock::now();
  Resume();
  caller.join();

  EXPECT_EQ(leases.size(), 1u);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

TEST_F(ControlRpcTest, ACheckpointIsAnsweredOnceItIsDurable) {
  FinishGeneration();
  aggregator_->storage().checkpoints_fail = true;
  v1::CheckpointReply reply;
  const grpc::Status refused =
      Call(&v1::Control::Stub::Checkpoint, v1::CheckpointRequest(), &reply);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.error_message(), HasSubstr("no space left"));
  EXPECT_THAT(refused.error_message(), HasSubstr("training goes on"));
  EXPECT_GE(GetStatus().checkpoint_failures(), 0u);

  aggregator_->storage().checkpoints_fail = false;
  const grpc::Status saved =
      Call(&v1::Control::Stub::Checkpoint, v1::CheckpointRequest(), &reply);

  EXPECT_TRUE(saved.ok()) << saved.error_message();
  EXPECT_EQ(reply.generation(), 1u);
  EXPECT_TRUE(Await([&] { return GetStatus().checkpoint_generation() == 1; }));
}

TEST_F(ControlRpcTest, ADrainedWorkerIsToldToLeaveAndOthersGoOn) {
  v1::RegisterRequest request = ProtocolClient::Request(experiment_, 2);
  request.set_name("twin");
  auto first = NewClient(), second = NewClient();
  ASSERT_TRUE(first->Register(request).ok());
  ASSERT_TRUE(second->Register(request).ok());
  const auto leases = first->Acquire(2);
  ASSERT_EQ(leases.size(), 2u);

  const grpc::Status ambiguous = Drain("twin");
  EXPECT_EQ(ambiguous.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ambiguous.error_message(),
              HasSubstr(first->session.substr(0, 8)));
  EXPECT_THAT(ambiguous.error_message(),
              HasSubstr(second->session.substr(0, 8)));
  EXPECT_EQ(Drain("nobody").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Drain(first->session.substr(0, 8)).ok());

  v1::HeartbeatReply beat;
  ASSERT_TRUE(
      first->Heartbeat({leases[0].lease_id(), leases[1].lease_id()}, &beat)
          .ok());
  EXPECT_TRUE(beat.drain());
  EXPECT_EQ(beat.cancel_size(), 0) << "what has begun is finished";
  EXPECT_EQ(first->Deliver(Answer(leases[0], *first)), Verdict::ACCEPTED);
  EXPECT_TRUE(first->Acquire(2).empty());
  EXPECT_EQ(second->Acquire(2).size(), 2u);
  // Nor does it come back as another one.
  request.set_previous_session(first->session);
  ASSERT_TRUE(first->Register(request).ok());
  EXPECT_TRUE(first->Acquire(2).empty());
}

TEST_F(ControlRpcTest, TheListHoldsEachWorkerWithoutItsSecret) {
  v1::RegisterRequest request = ProtocolClient::Request(experiment_, 3);
  request.set_name("a");
  request.set_host("node\n7");
  auto client = NewClient();
  ASSERT_TRUE(client->Register(request).ok());
  const auto leases = client->Acquire(1);
  client->Deliver(Answer(leases[0], *client));

  const v1::ListWorkersReply list = ListWorkers();

  ASSERT_EQ(list.workers_size(), 2);
  const v1::ListWorkersReply::Worker& worker = list.workers(0);
  EXPECT_EQ(worker.name(), "a");
  EXPECT_EQ(worker.id(), client->session.substr(0, 8));
  EXPECT_EQ(worker.slots(), 3u);
  EXPECT_EQ(worker.accepted(), 1u);
  EXPECT_EQ(worker.state(), v1::ListWorkersReply::Worker::ACTIVE);
  EXPECT_EQ(list.SerializeAsString().find(client->session), std::string::npos);
}

TEST_F(ControlRpcTest, StopChecksItsGraceAndEndsTheRun) {
  v1::StopRequest request;
  v1::StopReply reply;
  for (const double bad : {-1.0, 3601.0, std::nan("")}) {
    request.set_grace_s(bad);
    EXPECT_EQ(Call(&v1::Control::Stub::Stop, request, &reply).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT)
        << bad;
  }
  request.set_grace_s(0);
  EXPECT_TRUE(Call(&v1::Control::Stub::Stop, request, &reply).ok());

  EXPECT_TRUE(absl::IsCancelled(aggregator_->coordinator().Wait()));
  EXPECT_EQ(GetStatus().phase(), v1::StatusReply::STOPPED);
  v1::PauseReply pause;
  EXPECT_EQ(
      Call(&v1::Control::Stub::Pause, v1::PauseRequest(), &pause).error_code(),
      grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ControlRpcTest, HealthSaysWhetherTheRunTakesWorkers) {
  EXPECT_EQ(Health(""), 1);
  EXPECT_EQ(Health("starling.v1.Aggregator"), 1);
  aggregator_->service().SetReady(false);
  EXPECT_EQ(Health(""), 1);
  EXPECT_EQ(Health("starling.v1.Aggregator"), 2);
}

TEST_F(ControlRpcTest, WhatHappensIsCounted) {
  // 11 leases, and 4 of the next generation.
  FinishGeneration();
  auto liar = NewClient();
  ASSERT_TRUE(liar->Register(ProtocolClient::Request(experiment_, 1)).ok());
  const auto leases = liar->Acquire(1);
  ASSERT_EQ(leases.size(), 1u);
  v1::LeasedResult bad = Answer(leases[0], *liar);
  bad.mutable_result()->set_returns(0, 1e308);
  liar->Deliver(bad);
  v1::HeartbeatReply beat;
  auto stranger = NewClient();
  stranger->Heartbeat({}, &beat);
  ASSERT_TRUE(Await([&] { return GetStatus().results_rejected() == 1; }));

  Coordinator& coordinator = aggregator_->coordinator();
  const std::string page = coordinator.metrics().Text(*coordinator.snapshot());

  for (const char* line :
       {"\nstarling_generation 1\n", "\nstarling_worker_registrations_total 2",
        "\nstarling_unit_rejections_total{reason=\"contents\"} 1",
        "\nstarling_generation_duration_seconds_count 0",
        "\nstarling_update_duration_seconds_count 1",
        "\nstarling_unit_duration_seconds_count 11\n",
        "\nstarling_unit_attempts_total 16",
        "\nstarling_unit_results_total{outcome=\"accepted\"} 11",
        "\nstarling_rpc_errors_total{method=\"Heartbeat\",code="
        "\"UNAUTHENTICATED\"} 1"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

}  // namespace
}  // namespace starling
