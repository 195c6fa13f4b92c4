// A station between workers and their aggregator that understands what they
// say: it listens, and it meddles.
#ifndef STARLING_TESTS_TESTING_RELAY_H_
#define STARLING_TESTS_TESTING_RELAY_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "proto/work.grpc.pb.h"

namespace starling::testing {

// Shares of the calls or results that are hit, in [0, 1].
struct Meddling {
  uint64_t seed = 1;
  // A result is delivered once more, at once, by a call of its own.
  double doubled = 0;
  // The results of a call are shuffled.
  double shuffled = 0;
  // A result is delivered once more, some hundred results later.
  double late = 0;
  // The answer to a delivery gets lost: the worker delivers again.
  double lost_answers = 0;
  // A delivery gets lost.
  double lost_calls = 0;
};

// The last request of each kind that workers have sent.
struct Overheard {
  v1::RegisterRequest registration;
  // With results.
  v1::WorkRequest delivery;
  v1::HeartbeatRequest heartbeat;
  v1::BlobRequest blob;
};

// Thread-safe.
class Relay : private v1::Aggregator::Service {
 public:
  using Verdict = v1::WorkReply::Verdict;

  // Serves "unix:PATH" or "127.0.0.1:0" in front of `target`.
  Relay(const std::string& listen, const std::string& target,
        const Meddling& meddling = {});
  ~Relay() override;
  // Where it serves.
  const std::string& address() const { return address_; }

  Overheard overheard() const;
  // What the aggregator said of results that were delivered again.
  std::map<Verdict, int> verdicts_of_repeats() const;

 private:
  struct Repeat {
    std::string session;
    uint64_t incarnation;
    v1::LeasedResult result;
  };

  grpc::Status Register(grpc::ServerContext* context,
                        const v1::RegisterRequest* request,
                        v1::RegisterReply* reply) override;
  grpc::Status Work(grpc::ServerContext* context,
                    const v1::WorkRequest* request,
                    v1::WorkReply* reply) override;
  grpc::Status Heartbeat(grpc::ServerContext* context,
                         const v1::HeartbeatRequest* request,
                         v1::HeartbeatReply* reply) override;
  grpc::Status GetBlob(grpc::ServerContext* context,
                       const v1::BlobRequest* request,
                       grpc::ServerWriter<v1::BlobChunk>* writer) override;
  grpc::Status Leave(grpc::ServerContext* context,
                     const v1::LeaveRequest* request,
                     v1::LeaveReply* reply) override;
  // Delivers results that have been delivered before.
  void DeliverAgain(const Repeat& repeat);
  bool Hits(double share);

  const Meddling meddling_;
  std::string address_;
  std::unique_ptr<v1::Aggregator::Stub> target_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::mt19937_64 random_;
  Overheard overheard_;
  std::deque<Repeat> late_;
  std::map<Verdict, int> verdicts_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace starling::testing

#endif  // STARLING_TESTS_TESTING_RELAY_H_
