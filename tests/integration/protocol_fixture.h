// For tests of the service's protocol: a client that speaks it by hand, in
// front of an aggregator with a small run.
#ifndef STARLING_TESTS_INTEGRATION_PROTOCOL_FIXTURE_H_
#define STARLING_TESTS_INTEGRATION_PROTOCOL_FIXTURE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/work.grpc.pb.h"
#include "tests/integration/service_harness.h"
#include "workers/slot_pool.h"

namespace starling::testing {

// Sends what it is told to, sensible or not. What expects an answer fails the
// test if the call does.
class ProtocolClient {
 public:
  explicit ProtocolClient(std::shared_ptr<grpc::Channel> channel);

  // That of a worker as it should be.
  static v1::RegisterRequest Request(const v1::Experiment& experiment,
                                     int slots);
  // Takes on the session that it brings, if any.
  grpc::Status Register(const v1::RegisterRequest& request);
  grpc::Status Work(const v1::WorkRequest& request, v1::WorkReply* reply);
  grpc::Status Heartbeat(const std::vector<uint64_t>& held,
                         v1::HeartbeatReply* reply);
  grpc::Status Leave();
  grpc::Status Blob(const std::string& sha256, uint64_t offset,
                    std::string* data);

  // Asks for work; notes the digest of its state.
  std::vector<v1::Lease> Acquire(int want);
  // A request that delivers these.
  v1::WorkRequest Delivery(const std::vector<v1::LeasedResult>& results) const;
  // Delivers; notes the detail of what was rejected.
  std::vector<v1::WorkReply::Verdict> Deliver(
      const std::vector<v1::LeasedResult>& results);
  v1::WorkReply::Verdict Deliver(const v1::LeasedResult& result);

  std::string session, digest, detail;
  uint64_t incarnation = 0;

 private:
  std::unique_ptr<v1::Aggregator::Stub> stub_;
};

class ProtocolTest : public ::testing::Test {
 protected:
  ProtocolTest() { Begin(FastOptions()); }

  // Starts the aggregator (anew), and registers a client of 4 slots.
  void Begin(CoordinatorOptions options);
  std::unique_ptr<ProtocolClient> NewClient();
  // The right answer to a lease of the client's last Acquire.
  v1::LeasedResult Answer(const v1::Lease& lease, ProtocolClient& client);
  v1::LeasedResult Answer(const v1::Lease& lease) {
    return Answer(lease, *client_);
  }
  // Answers everything until the generation is over; its results.
  std::vector<v1::LeasedResult> FinishGeneration();

  const v1::Experiment experiment_ = SmallExperiment(100);
  std::unique_ptr<Aggregator> aggregator_;
  std::unique_ptr<ProtocolClient> client_;
  std::unique_ptr<UnitEvaluator> evaluator_;
};

}  // namespace starling::testing

#endif  // STARLING_TESTS_INTEGRATION_PROTOCOL_FIXTURE_H_
