// Rows of the fault matrix: answers and bytes that are wrong, by mistake or by
// design, sent to the real program while an honest worker trains.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "gmock/gmock.h"
#include "proto/control.pb.h"
#include "tests/faults/matrix.h"
#include "tests/fuzz/mutation.h"
#include "tests/integration/cluster_fixture.h"
#include "tests/testing/relay.h"
#include "tests/testing/socket.h"

namespace starling {
namespace {

using ::testing::HasSubstr;
using testing::IsFullForm;
using testing::Overheard;
using testing::Process;
using testing::ProcessResult;
using testing::Relay;
using testing::Row;
using testing::Socket;
using testing::WaitUntil;
using Verdict = v1::WorkReply::Verdict;

constexpr int kRefused = 4;

constexpr char kExperiment[] = R"(
name: "hostile" seed: 17
env { half_cheetah {} max_steps: 20 }
policy { linear {} }
strategy { openai_es { num_directions: 8 sigma: 0.05 } }
evaluation { every: 10 episodes: 2 fresh_episodes: 1 }
budget { generations: 1000000 }
audit_fraction: 0
)";

// Calls the aggregator as nobody should.
class HostileClient {
 public:
  explicit HostileClient(const std::string& address)
      : channel_(grpc::CreateChannel(address,
                                     grpc::InsecureChannelCredentials())),
        stub_(v1::Aggregator::NewStub(channel_)),
        raw_(channel_) {}

  grpc::Status Register(const v1::RegisterRequest& request) {
    grpc::ClientContext context;
    v1::RegisterReply reply;
    const grpc::Status status = stub_->Register(&context, request, &reply);
    session_ = reply.session();
    incarnation_ = reply.incarnation();
    return status;
  }
  // One lease, as the first of the answer's.
  v1::WorkReply Acquire() {
    grpc::ClientContext context;
    v1::WorkRequest request;
    request.set_session(session_);
    request.set_incarnation(incarnation_);
    request.set_want(1);
    v1::WorkReply reply;
    const grpc::Status status = stub_->Work(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  grpc::Status Deliver(const v1::LeasedResult& result, v1::WorkReply* reply) {
    grpc::ClientContext context;
    v1::WorkRequest request;
    request.set_session(session_);
    request.set_incarnation(incarnation_);
    *request.add_results() = result;
    return stub_->Work(&context, request, reply);
  }
  // Any bytes to any method ("/starling.v1.Aggregator/Work").
  grpc::StatusCode Call(const std::string& method, const std::string& bytes) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(500));
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::CompletionQueue done;
    auto call = raw_.PrepareUnaryCall(&context, method, request, &done);
    call->StartCall();
    grpc::ByteBuffer reply;
    grpc::Status status;
    call->Finish(&reply, &status, this);
    void* tag = nullptr;
    bool ok = false;
    done.Next(&tag, &ok);
    return status.error_code();
  }

  const std::string& session() const { return session_; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::Aggregator::Stub> stub_;
  grpc::GenericStub raw_;
  std::string session_;
  uint64_t incarnation_ = 0;
};

class HostileTest : public ClusterFixture {
 protected:
  HostileTest() : ClusterFixture(kExperiment) {}

  // An aggregator and an honest worker, overheard until it has said all that
  // workers say.
  void StartHonestRun() {
    aggregator_ = StartAggregator();
    relay_ = std::make_unique<Relay>("unix:" + Path("r.sock"), address());
    worker_ = StartWorker("honest", {"--connect", relay_->address()});
    ASSERT_TRUE(WaitUntil([&] {
      const Overheard heard = relay_->overheard();
      return heard.delivery.results_size() > 0 &&
             !heard.heartbeat.session().empty() &&
             !heard.blob.session().empty();
    }));
    ASSERT_TRUE(AwaitGeneration(1));
  }
  std::string address() const { return "unix:" + Path("a.sock"); }
  // What an honest worker registers with, under another name.
  v1::RegisterRequest Registration() const {
    v1::RegisterRequest request = relay_->overheard().registration;
    request.set_name("hostile");
    request.clear_previous_session();
    return request;
  }
  double MiB() const {
    std::ifstream statm(
        absl::StrCat("/proc/", aggregator_->pid(), "/statm"));
    double total = 0, resident = 0;
    statm >> total >> resident;
    return resident * 4096 / (1 << 20);
  }
  // The honest worker is served; the run, cut short here, has the parameters
  // that it should.
  void ExpectUnharmed(Row* row) {
    const int generation = static_cast<int>(StatusNumber("generation"));
    EXPECT_TRUE(AwaitGeneration(generation + 2)) << aggregator_->err();
    EXPECT_TRUE(aggregator_->running());
    EXPECT_TRUE(worker_->running()) << worker_->err();
    Ok({"stop", run_});
    aggregator_->Wait();
    const Words to_here = {
        "--set",
        absl::StrCat("budget.generations=",
                     static_cast<int>(StatusNumber("generation"))),
        "--allow_config_change", "budget"};
    ASSERT_EQ(Train(experiment_, run_, to_here).status, 0);
    ASSERT_EQ(Train(experiment_, Path("calm"), to_here).status, 0);
    EXPECT_EQ(Signature(run_), Signature(Path("calm")));
    if (!HasFailure()) row->Saw("same theta");
  }

  std::unique_ptr<Process> aggregator_, worker_;
  std::unique_ptr<Relay> relay_;
};

// Growth of resident memory, MiB. The address sanitizer keeps what is freed for
// a while, so that it says nothing there.
void ExpectBounded(double growth, double limit) {
#ifdef __SANITIZE_ADDRESS__
  limit = std::numeric_limits<double>::infinity();
#endif
  EXPECT_LT(growth, limit);
}

TEST_F(HostileTest, Row11_AnswersThatCanNotBe) {
  Row row(11, "NaN, 1e308, wrong lengths, unknown units, foreign leases",
          "REJECTED with reasons; worker in quarantine; same theta");
  StartHonestRun();
  const v1::LeasedResult foreign = relay_->overheard().delivery.results(0);
  HostileClient hostile(address());
  ASSERT_TRUE(hostile.Register(Registration()).ok());
  const v1::Lease lease = hostile.Acquire().leases(0);
  v1::LeasedResult good = foreign;
  good.set_lease_id(lease.lease_id());
  v1::RolloutResult& result = *good.mutable_result();
  result.set_generation(lease.unit().generation());
  result.set_index(lease.unit().index());

  std::vector<v1::LeasedResult> bad(12, good);
  const auto of = [&](int i) { return bad[i].mutable_result(); };
  of(0)->set_returns(0, std::numeric_limits<double>::quiet_NaN());
  of(1)->set_returns(0, std::numeric_limits<double>::infinity());
  of(2)->set_returns(0, 1e308);
  of(3)->set_lengths(0, static_cast<uint32_t>(-1));
  of(4)->set_lengths(0, 0);
  of(5)->add_returns(1);
  of(6)->clear_lengths();
  of(7)->set_index(1'000'000);
  of(8)->set_generation(1'000'000);
  of(9)->set_status(static_cast<v1::RolloutResult::Status>(99));
  bad[10] = foreign;
  bad[10].mutable_result()->set_generation(lease.unit().generation());
  bad[11].set_lease_id(lease.lease_id() + 12345);
  for (size_t i = 0; i < bad.size(); ++i) {
    v1::WorkReply reply;
    const grpc::Status status = hostile.Deliver(bad[i], &reply);
    ASSERT_TRUE(status.ok()) << i << ": " << status.error_message();
    // The generation may have gone on meanwhile.
    if (reply.verdicts(0) == v1::WorkReply::STALE) continue;
    EXPECT_EQ(reply.verdicts(0), v1::WorkReply::REJECTED) << i;
    EXPECT_NE(reply.detail(), "") << i;
  }
  bad[2].mutable_result()->set_generation(1'000'000);
  for (int i = 0; i < 20; ++i) {
    v1::WorkReply reply;
    ASSERT_TRUE(hostile.Deliver(bad[2], &reply).ok());
  }

  ASSERT_TRUE(AwaitStatus("\"workers_quarantined\":1"));
  row.Saw("12 kinds rejected, each with its reason; in quarantine");
  ExpectUnharmed(&row);
}

TEST_F(HostileTest, Row13_BytesThatAreNoRequests) {
  const int streams = IsFullForm() ? 10'000 : 200;
  Row row(13, absl::StrCat(streams, " random byte streams, HTTP/1, cut HTTP/2, "
                                    "500 idle sockets"),
          "no crash; others served; memory bounded; same theta");
  StartHonestRun();
  const double before = MiB();
  std::vector<Socket> idle;
  for (int i = 0; i < 500; ++i) idle.emplace_back(address());
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const std::string settings("\0\0\0\x04\0\0\0\0\0", 9);
  const std::vector<std::string> seeds = {
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /starling.v1.Aggregator/Work HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
      preface, preface + settings, preface.substr(0, 11),
      preface + settings + std::string("\xff\xff\xff\x01\x05\0\0\0\x01", 9),
      preface + settings + std::string("\0\0\x08\x06\0\0\0\0\0", 9),
      std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 11)};
  Rng rng(1);
  const double generation = StatusNumber("generation");
  for (int i = 0; i < streams; ++i) {
    std::string bytes;
    if (i % 3 == 0) {
      for (uint32_t n = rng.Below(300); n > 0; --n) {
        bytes.push_back(static_cast<char>(rng.Below(256)));
      }
    } else {
      bytes = Mutate(seeds, &rng);
    }
    Socket socket(address());
    ASSERT_TRUE(socket.is_open()) << i << ": " << aggregator_->err();
    socket.Send(bytes);
    // Some stay for a while, the others leave in mid-sentence.
    if (i % 50 == 0) {
      socket.FinishSending();
      socket.ReceiveAll();
    }
  }
  EXPECT_GT(StatusNumber("generation"), generation) << "others are served";
  const double growth = MiB() - before;
  ExpectBounded(growth, 64);
  row.Saw(absl::StrFormat("no crash, %.0f generations meanwhile, RSS +%.1f MiB",
                          StatusNumber("generation") - generation, growth));
  idle.clear();
  ExpectUnharmed(&row);
}

TEST_F(HostileTest, Row13_MutatedRequests) {
  const int requests = IsFullForm() ? 100'000 : 2'000;
  Row row(13, absl::StrCat(requests, " mutated requests to every method"),
          "no crash; others served; memory bounded; same theta");
  StartHonestRun();
  HostileClient hostile(address());
  ASSERT_TRUE(hostile.Register(Registration()).ok());
  // What the honest worker says, in its own name.
  Overheard heard = relay_->overheard();
  heard.registration = Registration();
  heard.delivery.set_session(hostile.session());
  // Nothing to wait for.
  heard.delivery.set_want(0);
  heard.heartbeat.set_session(hostile.session());
  heard.blob.set_session(hostile.session());
  v1::LeaveRequest leave;
  leave.set_session("0123456789abcdef0123456789abcdef");
  *leave.add_results() = heard.delivery.results(0);
  const std::string aggregator = "/starling.v1.Aggregator/";
  const std::vector<std::pair<std::string, std::string>> honest = {
      {aggregator + "Register", heard.registration.SerializeAsString()},
      {aggregator + "Work", heard.delivery.SerializeAsString()},
      {aggregator + "Work", heard.delivery.SerializeAsString()},
      {aggregator + "Heartbeat", heard.heartbeat.SerializeAsString()},
      {aggregator + "GetBlob", heard.blob.SerializeAsString()},
      {aggregator + "Leave", leave.SerializeAsString()},
      {"/starling.v1.Control/GetStatus", std::string()},
      {"/starling.v1.Control/ListWorkers", std::string()},
      {"/starling.v1.Control/DrainWorker", std::string("\x0a\x04none", 6)},
      {"/grpc.health.v1.Health/Check",
       std::string("\x0a\x16starling.v1.Aggregator", 24)},
      {aggregator + "Nonsense", std::string("\x08\x01", 2)}};
  std::vector<std::string> bytes;
  for (const auto& [method, request] : honest) bytes.push_back(request);

  const double before = MiB();
  const double generation = StatusNumber("generation");
  Rng rng(2);
  int answered = 0;
  for (int i = 0; i < requests; ++i) {
    const size_t which = rng.Below(static_cast<uint32_t>(honest.size()));
    // Mostly changes of that request, at times something else in its place.
    const std::string mutated =
        rng.Below(10) == 0 ? Mutate(bytes, &rng)
                           : Mutate({honest[which].second}, &rng);
    const grpc::StatusCode code = hostile.Call(honest[which].first, mutated);
    ASSERT_NE(code, grpc::StatusCode::UNAVAILABLE)
        << honest[which].first << " at " << i << ": " << aggregator_->err();
    answered += code == grpc::StatusCode::OK;
  }
  EXPECT_GT(StatusNumber("generation"), generation) << "others are served";
  const double growth = MiB() - before;
  ExpectBounded(growth, 64);
  row.Saw(absl::StrFormat(
      "no crash, %d answered, %.0f generations meanwhile, RSS +%.1f MiB",
      answered, StatusNumber("generation") - generation, growth));
  ExpectUnharmed(&row);
}

TEST_F(HostileTest, Row14_TooMuch) {
  Row row(14, "2 MiB result, 10^6 leases, 10^6 returns, 10 MiB strings",
          "refused; RSS growth < 32 MiB; same theta");
  StartHonestRun();
  HostileClient hostile(address());
  ASSERT_TRUE(hostile.Register(Registration()).ok());
  const v1::LeasedResult honest = relay_->overheard().delivery.results(0);
  const double before = MiB();
  v1::WorkReply reply;
  v1::LeasedResult wordy = honest;
  wordy.mutable_result()->set_detail(std::string(2 << 20, 'x'));
  EXPECT_EQ(hostile.Deliver(wordy, &reply).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  v1::LeasedResult many = honest;
  for (int i = 0; i < 1'000'000; ++i) many.mutable_result()->add_returns(i);
  EXPECT_EQ(hostile.Deliver(many, &reply).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  // Less than a message may have, and still too many.
  many.mutable_result()->mutable_returns()->Truncate(100'000);
  ASSERT_TRUE(hostile.Deliver(many, &reply).ok());
  EXPECT_EQ(reply.verdicts(0) == v1::WorkReply::REJECTED ||
                reply.verdicts(0) == v1::WorkReply::STALE,
            true);
  v1::HeartbeatRequest heartbeat;
  heartbeat.set_session(hostile.session());
  for (int i = 0; i < 1'000'000; ++i) heartbeat.add_lease_ids(i);
  EXPECT_EQ(hostile.Call("/starling.v1.Aggregator/Heartbeat",
                         heartbeat.SerializeAsString()),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  v1::RegisterRequest stranger = Registration();
  stranger.set_host(std::string(10 << 20, 'h'));
  EXPECT_EQ(hostile.Call("/starling.v1.Aggregator/Register",
                         stranger.SerializeAsString()),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  stranger.set_host(std::string(1000, 'h'));
  EXPECT_EQ(hostile.Call("/starling.v1.Aggregator/Register",
                         stranger.SerializeAsString()),
            grpc::StatusCode::INVALID_ARGUMENT);

  const double growth = MiB() - before;
  ExpectBounded(growth, 32);
  row.Saw(absl::StrFormat("all refused, RSS +%.1f MiB", growth));
  ExpectUnharmed(&row);
}

TEST_F(HostileTest, Row15_OtherVersions) {
  Row row(15, "other protocol, MuJoCo version, random numbers",
          "refused at Register with both versions; exit 4; same theta");
  StartHonestRun();
  std::vector<v1::RegisterRequest> others(3, Registration());
  others[0].set_protocol_major(99);
  others[1].mutable_fingerprint()->set_mujoco_version("2.1.0");
  others[2].mutable_fingerprint()->set_numbers(std::string(64, '0'));
  const std::vector<std::vector<std::string>> words = {
      {"99", "1"}, {"2.1.0", "3."}, {std::string(64, '0')}};
  for (size_t i = 0; i < others.size(); ++i) {
    HostileClient client(address());
    const grpc::Status status = client.Register(others[i]);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << i;
    for (const std::string& word : words[i]) {
      EXPECT_THAT(status.error_message(), HasSubstr(word));
    }
  }
  auto old = StartWorker("old", {}, FaultyPhysics("old", {}));
  const ProcessResult refused = old->Wait();
  EXPECT_EQ(refused.status, kRefused) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("2.1.0"));
  EXPECT_THAT(refused.err, HasSubstr("3.17"));
  row.Saw("all refused with both; a worker with MuJoCo 2.1.0: exit 4");
  ExpectUnharmed(&row);
}

}  // namespace
}  // namespace starling
