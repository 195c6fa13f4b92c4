// What gRPC alone costs: a server that speaks the aggregator's protocol and
// does nothing.
//
// Every call is answered at once, with messages of the sizes that an aggregator
// sends: each result gets a verdict, each unit that is wanted a lease of the
// next number. No session is known, nothing is kept or checked. The same
// workers can therefore be measured against it and against an aggregator.
#ifndef STARLING_DEPLOY_BENCH_ECHO_SERVER_H_
#define STARLING_DEPLOY_BENCH_ECHO_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace grpc {
class Server;
}

namespace starling {

class EchoServer {
 public:
  // Units are those of generations of `num_directions` pairs. Unavailable: the
  // address can't be listened on.
  static absl::StatusOr<std::unique_ptr<EchoServer>> Start(
      const std::string& listen, int num_directions);
  ~EchoServer();

  // With the real port.
  const std::string& address() const { return address_; }

 private:
  class Calls;
  EchoServer();

  std::unique_ptr<Calls> calls_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_ECHO_SERVER_H_
