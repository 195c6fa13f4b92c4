// Accepts connections for a server that speaks for itself.
//
// gRPC's own listener gives up for ever when it meets a process without free
// descriptors. This one closes the newcomer's connection, so that it tries
// again, says so once a minute, and goes on as soon as there are some.
#ifndef STARLING_AGGREGATOR_LISTENER_H_
#define STARLING_AGGREGATOR_LISTENER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace starling {

class Listener {
 public:
  // Takes over a connected socket that doesn't block. On the listener's thread.
  using Handler = std::function<void(int fd)>;

  // Reserves "unix:PATH" or "HOST:PORT" (port 0: any free one; a HOST with
  // several addresses: all of them, at one port). A socket that a dead program
  // has left is replaced. Unavailable: another program listens there, or it is
  // not an address of this host. Connections wait until Start.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(
      const std::string& address);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // With the real port.
  const std::string& address() const { return address_; }
  // 0 for a Unix socket.
  int port() const { return port_; }
  void Start(Handler handler);
  // No connection is handed on after it returns.
  void Stop();

 private:
  Listener() = default;
  absl::Status BindUnix(const std::string& path);
  absl::Status BindTcp(const std::string& host, int port);
  void Run();
  void Accept(int listener);
  // Closes the next connection, with the descriptor that is kept for that.
  void TurnAway(int listener);
  void Warn();

  std::string address_;
  std::string path_;  // of a Unix socket that is ours
  int port_ = 0;
  std::vector<int> listeners_;
  // Kept so that there is always one to turn newcomers away with.
  int spare_ = -1;
  int stop_[2] = {-1, -1};
  std::optional<std::chrono::steady_clock::time_point> warned_;
  Handler handler_;
  std::thread thread_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_LISTENER_H_
