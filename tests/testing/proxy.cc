#include "tests/testing/proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "base/log.h"
#include "tests/testing/socket.h"

namespace starling::testing {
namespace {

// How soon a cut, and the end, are noticed.
constexpr int kTick_ms = 5;

}  // namespace

Proxy::Proxy(std::string target) : target_(std::move(target)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(any);
  auto* const address = reinterpret_cast<sockaddr*>(&any);
  CHECK(bind(listener_, address, size) == 0 && listen(listener_, 128) == 0 &&
        getsockname(listener_, address, &size) == 0)
      << "no port is free";
  address_ = "127.0.0.1:" + std::to_string(ntohs(any.sin_port));
  thread_ = std::thread([this] { Run(); });
}

Proxy::~Proxy() {
  stop_ = true;
  thread_.join();
  for (const auto& [client, server] : pairs_) {
    close(client);
    close(server);
  }
  close(listener_);
}

void Proxy::Run() {
  while (!stop_) {
    const Cut cut = cut_;
    const bool from_client = cut == Cut::kNone || cut == Cut::kFromServer;
    const bool from_server = cut == Cut::kNone || cut == Cut::kFromClient;
    // Each pair in turn, then the listener.
    std::vector<pollfd> ends;
    for (const auto& [client, server] : pairs_) {
      ends.push_back({from_client ? client : -1, POLLIN, 0});
      ends.push_back({from_server ? server : -1, POLLIN, 0});
    }
    ends.push_back({cut == Cut::kNone ? listener_ : -1, POLLIN, 0});
    if (poll(ends.data(), ends.size(), kTick_ms) <= 0) continue;
    const auto pairs = pairs_;
    size_t i = 0;
    for (const auto& [client, server] : pairs) {
      const bool is_open =
          (ends[i].revents == 0 || Forward(client, server)) &&
          (ends[i + 1].revents == 0 || Forward(server, client));
      i += 2;
      if (is_open) continue;
      close(client);
      close(server);
      pairs_.erase(client);
    }
    if (ends.back().revents != 0) Accept();
  }
}

void Proxy::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = OpenSocket(target_);
  if (server < 0) {
    close(client);
    return;
  }
  pairs_[client] = server;
}

bool Proxy::Forward(int from, int to) {
  char bytes[65536];
  const ssize_t n = recv(from, bytes, sizeof(bytes), 0);
  for (ssize_t sent = 0; sent < n;) {
    const ssize_t m = send(to, bytes + sent, n - sent, MSG_NOSIGNAL);
    if (m <= 0) return false;
    sent += m;
  }
  return n > 0;
}

}  // namespace starling::testing
