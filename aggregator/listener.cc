#include "aggregator/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr int kBacklog = 1024;
constexpr std::chrono::minutes kBetweenWarnings{1};
// Before another try, where not even the spare descriptor is left.
constexpr std::chrono::milliseconds kPause{100};

absl::Status CanNotListen(const std::string& address, int error) {
  return absl::UnavailableError(absl::StrCat(
      "can't listen on ", address, ": ", std::strerror(error),
      error == EADDRINUSE ? " by another program" : "",
      "; choose another address with --listen"));
}

int NewSocket(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool HasListener(const sockaddr_un& address) {
  const int fd = NewSocket(AF_UNIX);
  const bool answers =
      connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0 ||
      errno == EAGAIN;
  close(fd);
  return answers;
}

int OpenSpare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(
    const std::string& address) {
  std::unique_ptr<Listener> listener(new Listener);
  listener->address_ = address;
  if (absl::StartsWith(address, "unix:")) {
    RETURN_IF_ERROR(listener->BindUnix(address.substr(5)));
  } else {
    const size_t colon = address.rfind(':');
    int port = 0;
    if (colon == std::string::npos ||
        !absl::SimpleAtoi(address.substr(colon + 1), &port)) {
      return CanNotListen(address, EINVAL);
    }
    RETURN_IF_ERROR(listener->BindTcp(address.substr(0, colon), port));
    listener->address_ =
        absl::StrCat(address.substr(0, colon + 1), listener->port_);
  }
  for (const int fd : listener->listeners_) {
    if (listen(fd, kBacklog) != 0) return CanNotListen(address, errno);
  }
  return listener;
}

absl::Status Listener::BindUnix(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(to.sun_path)) {
    return CanNotListen(address_, ENAMETOOLONG);
  }
  std::memcpy(to.sun_path, path.data(), path.size());
  if (HasListener(to)) return CanNotListen(address_, EADDRINUSE);
  unlink(path.c_str());
  const int fd = NewSocket(AF_UNIX);
  listeners_.push_back(fd);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    return CanNotListen(address_, errno);
  }
  path_ = path;
  return absl::OkStatus();
}

absl::Status Listener::BindTcp(const std::string& host, int port) {
  std::string name = host == "*" ? "::" : host;
  if (absl::StartsWith(name, "[") && absl::EndsWith(name, "]")) {
    name = name.substr(1, name.size() - 2);
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(name.c_str(), absl::StrCat(port).c_str(), &wanted, &found);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat(
        "can't listen on ", address_, ": ", gai_strerror(error),
        "; choose another address with --listen"));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found,
                                                             freeaddrinfo);
  port_ = port;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    sockaddr_storage to{};
    std::memcpy(&to, one->ai_addr, one->ai_addrlen);
    // The port that the first was given is that of all.
    auto* const to6 = reinterpret_cast<sockaddr_in6*>(&to);
    auto* const to4 = reinterpret_cast<sockaddr_in*>(&to);
    (one->ai_family == AF_INET6 ? to6->sin6_port : to4->sin_port) =
        htons(static_cast<uint16_t>(port_));
    const int fd = NewSocket(one->ai_family);
    // A host without IPv6 may still have names for it.
    if (fd < 0 && found->ai_next != nullptr) continue;
    listeners_.push_back(fd);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, reinterpret_cast<const sockaddr*>(&to), one->ai_addrlen) !=
        0) {
      return CanNotListen(address_, errno);
    }
    socklen_t size = sizeof(to);
    getsockname(fd, reinterpret_cast<sockaddr*>(&to), &size);
    port_ = ntohs(one->ai_family == AF_INET6 ? to6->sin6_port : to4->sin_port);
  }
  return listeners_.empty() ? CanNotListen(address_, EAFNOSUPPORT)
                            : absl::OkStatus();
}

Listener::~Listener() {
  Stop();
  for (const int fd : listeners_) close(fd);
  if (!path_.empty()) unlink(path_.c_str());
}

void Listener::Start(Handler handler) {
  handler_ = std::move(handler);
  spare_ = OpenSpare();
  CHECK_EQ(pipe2(stop_, O_CLOEXEC), 0) << std::strerror(errno);
  thread_ = std::thread([this] { Run(); });
}

void Listener::Stop() {
  if (!thread_.joinable()) return;
  close(stop_[1]);
  thread_.join();
  close(stop_[0]);
  if (spare_ >= 0) close(spare_);
}

void Listener::Run() {
  std::vector<pollfd> watched = {{stop_[0], POLLIN, 0}};
  for (const int fd : listeners_) watched.push_back({fd, POLLIN, 0});
  while (true) {
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    for (size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents != 0) Accept(watched[i].fd);
    }
  }
}

void Listener::Accept(int listener) {
  const int fd =
      accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE) TurnAway(listener);
    return;
  }
  if (path_.empty()) {
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  }
  handler_(fd);
}

void Listener::TurnAway(int listener) {
  Warn();
  if (spare_ >= 0) {
    close(spare_);
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
  } else {
    pollfd stop = {stop_[0], POLLIN, 0};
    poll(&stop, 1, static_cast<int>(kPause.count()));
  }
  spare_ = OpenSpare();
}

void Listener::Warn() {
  const auto now = std::chrono::steady_clock::now();
  if (warned_.has_value() && now - *warned_ < kBetweenWarnings) return;
  warned_ = now;
  LOG(WARNING) << "no file descriptors are left: new connections to "
               << address_
               << " are turned away, those that are there go on. Raise the "
                  "limit (ulimit -n) or find out who holds so many";
}

}  // namespace starling
