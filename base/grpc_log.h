// gRPC's own messages, in the program's log.
#ifndef STARLING_BASE_GRPC_LOG_H_
#define STARLING_BASE_GRPC_LOG_H_

#include <functional>
#include <string>

namespace starling {

// From now on gRPC's errors are warnings of the log, each kind of them at most
// once a minute with the number of those left out: a peer that can't connect
// tries for ever, and must not fill the disk. Calls after the first do nothing.
// Thread-safe.
void RouteGrpcLog();

// While it lives, lines on failed TLS handshakes end with what `describe` says:
// gRPC does not say whose they were. Called rarely, from any thread, and never
// once the object has gone.
class HandshakeWitness {
 public:
  explicit HandshakeWitness(std::function<std::string()> describe);
  ~HandshakeWitness();
  HandshakeWitness(const HandshakeWitness&) = delete;
  HandshakeWitness& operator=(const HandshakeWitness&) = delete;

 private:
  const std::function<std::string()> describe_;
};

}  // namespace starling

#endif  // STARLING_BASE_GRPC_LOG_H_
