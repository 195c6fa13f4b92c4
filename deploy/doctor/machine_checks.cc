// Disk, files and sockets.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "deploy/doctor/checks.h"

namespace starling {
namespace {

std::string Reason() { return std::strerror(errno); }

// An open socket, closed at the end.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// Binds, listens at and connects to `address`; the name of the call that
// failed (errno says why), or "". Where the system picks the port, `address`
// learns it.
template <typename Address>
std::string BindAndCall(Address* address) {
  auto* any = reinterpret_cast<sockaddr*>(address);
  socklen_t size = sizeof(*address);
  const int family = any->sa_family;
  const Socket server(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (server.fd() < 0) return "socket";
  if (bind(server.fd(), any, size) != 0) return "bind";
  if (listen(server.fd(), 1) != 0) return "listen";
  if (getsockname(server.fd(), any, &size) != 0) return "getsockname";
  const Socket client(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (client.fd() < 0) return "socket";
  if (connect(client.fd(), any, sizeof(*address)) != 0) return "connect";
  return "";
}

}  // namespace

CheckResult CheckDisk(const std::string& folder, uint64_t min_free_bytes) {
  struct statvfs info;
  if (statvfs(folder.c_str(), &info) != 0) {
    return {false, absl::StrCat(folder, ": ", Reason()),
            "change to a folder that exists and that you may enter"};
  }
  const uint64_t free_bytes = uint64_t{info.f_bavail} * info.f_frsize;
  const std::string detail = absl::StrFormat("%s has %.1f GiB free", folder,
                                             free_bytes / double{1 << 30});
  if (access(folder.c_str(), W_OK) != 0) {
    return {false, absl::StrCat(folder, " is not writable: ", Reason()),
            "change to a folder that you own, or give --run a path that you "
            "may write"};
  }
  if (free_bytes < min_free_bytes) {
    return {false, detail,
            absl::StrFormat("free at least %.1f GiB, or give --run a path on "
                            "another disk",
                            min_free_bytes / double{1 << 30})};
  }
  return {true, detail, ""};
}

CheckResult CheckOpenFiles(uint64_t min_files) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return {false, absl::StrCat("the limit can't be read: ", Reason()),
            "run outside of the sandbox that forbids getrlimit"};
  }
  const std::string detail =
      limit.rlim_cur == RLIM_INFINITY
          ? "no limit of open files"
          : absl::StrCat("at most ", limit.rlim_cur, " open files");
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < min_files) {
    return {false, detail,
            absl::StrCat("ulimit -n ", min_files,
                         " before starting (a worker takes one, a run about "
                         "thirty)")};
  }
  return {true, detail, ""};
}

CheckResult CheckLoopbackPort() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = 0;  // the system picks a free one
  const std::string failed = BindAndCall(&address);
  if (!failed.empty()) {
    return {false, absl::StrCat("127.0.0.1: ", failed, ": ", Reason()),
            "bring the loopback device up (ip link set lo up), or leave the "
            "sandbox that forbids networks"};
  }
  return {true,
          absl::StrCat("127.0.0.1:", ntohs(address.sin_port),
                       " could be bound and called"),
          ""};
}

CheckResult CheckUnixSocket() {
  const char* base = std::getenv("TMPDIR");
  std::string folder =
      absl::StrCat(base == nullptr ? "/tmp" : base, "/starling-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return {false, absl::StrCat(folder, ": ", Reason()),
            "set TMPDIR to a folder that you may write"};
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/s";
  std::string failed = "name";
  if (path.size() >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
  } else {
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    failed = BindAndCall(&address);
  }
  const std::string reason = Reason();
  unlink(path.c_str());
  rmdir(folder.c_str());
  if (!failed.empty()) {
    return {false, absl::StrCat(path, ": ", failed, ": ", reason),
            "set TMPDIR to a short path on a local disk (network file systems "
            "have no sockets)"};
  }
  return {true, "a Unix socket could be bound and called", ""};
}

}  // namespace starling
