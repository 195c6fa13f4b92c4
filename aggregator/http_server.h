// The pages of an aggregator for monitoring systems:
//
//   /metrics   for Prometheus
//   /healthz   200 as long as the process lives
//   /readyz    200 while the run takes workers, 503 once it ends
//
// Only GET, only looking: steering is the Control service's. Nobody who
// connects can hold it or the run up: 8 threads; a request has 2 s, 8 KiB and
// one answer; of connections that wait for a thread the newest is served first,
// and the oldest of more than 256 are closed. Its threads call only the
// functions that they were given, which must be thread-safe and must not block.
#ifndef STARLING_AGGREGATOR_HTTP_SERVER_H_
#define STARLING_AGGREGATOR_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace starling {

struct HttpOptions {
  // "HOST:PORT" (port 0: any free one) or "unix:PATH".
  std::string address;
  // Allows addresses that other hosts reach.
  bool insecure_network = false;
};

struct HttpPages {
  std::function<std::string()> metrics;
  std::function<bool()> is_ready;
};

class HttpServer {
 public:
  // Serves `pages` from now on. InvalidArgument: no address, or one that other
  // hosts reach without insecure_network; Unavailable: it can't be listened on.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const HttpOptions& options, HttpPages pages);
  // Answers what has begun, within 0.1 s or so.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // With the real port.
  const std::string& address() const { return address_; }

 private:
  class Listener;
  HttpServer();

  std::unique_ptr<Listener> listener_;
  std::string address_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_HTTP_SERVER_H_
