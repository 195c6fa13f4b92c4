// The gRPC face of a coordinator: decodes, checks bounds, posts, answers. The
// same server answers operators (control_service.h) and health checks.
//
// Calls that are held (Work) cost no thread. Every answer is a function of the
// coordinator; this file knows the wire and nothing of training.
#ifndef STARLING_AGGREGATOR_SERVICE_H_
#define STARLING_AGGREGATOR_SERVICE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "aggregator/access.h"
#include "aggregator/coordinator.h"
#include "aggregator/listener.h"
#include "base/grpc_log.h"
#include "base/tls_folder.h"

namespace grpc {
class Channel;
class Server;
class Service;
namespace experimental {
class ExternalConnectionAcceptor;
}  // namespace experimental
}  // namespace grpc

namespace starling {

struct ServiceOptions {
  // Each "unix:PATH" or "HOST:PORT" (port 0: any free one).
  std::vector<std::string> listen;
  // Allows plain text on addresses that other hosts reach.
  bool insecure_network = false;
  // Makes every TCP address use TLS and ask for tokens; Unix sockets need
  // neither.
  std::optional<TlsFolder> tls;
};

class Service {
 public:
  // Starts serving `coordinator`, which outlives the service. No address is
  // needed for InProcessChannel. InvalidArgument: an address that is none, or
  // that other hosts reach without TLS or insecure_network; Unavailable: it
  // can't be listened on (taken, or not of this host).
  static absl::StatusOr<std::unique_ptr<Service>> Start(
      Coordinator* coordinator, const ServiceOptions& options);
  // Breaks off what is still held.
  ~Service();

  // As in `listen`, with the real port.
  const std::vector<std::string>& addresses() const { return addresses_; }
  // What the standard health service says of "starling.v1.Aggregator": true
  // from the start, false for a run that is ending. The server itself ("") is
  // healthy as long as it lives. Cheap to repeat.
  void SetReady(bool is_ready);
  // For tests.
  std::shared_ptr<grpc::Channel> InProcessChannel();

 private:
  class Calls;
  Service();

  std::unique_ptr<Access> access_;
  std::unique_ptr<Calls> calls_;
  std::unique_ptr<grpc::Service> control_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  // Take the connections of the listeners, in their order.
  std::vector<std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor>>
      acceptors_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> addresses_;
  // Last: it looks at the others.
  std::unique_ptr<HandshakeWitness> witness_;
};

// InvalidArgument unless `address` is "unix:PATH" (at most 107 bytes) or
// "HOST:PORT".
absl::Status CheckAddress(const std::string& address);
// And unless, without `tls` and `insecure_network`, HOST is this host's
// loopback.
absl::Status CheckListenAddress(const std::string& address,
                                bool insecure_network, bool tls = false);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SERVICE_H_
