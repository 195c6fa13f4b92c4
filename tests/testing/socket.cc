#include "tests/testing/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace starling::testing {
namespace {

constexpr int kPatience_s = 20;

}  // namespace

int OpenSocket(const std::string& address) {
  if (address.rfind("unix:", 0) == 0) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, address.c_str() + 5, sizeof(to.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) {
      return fd;
    }
    close(fd);
    return -1;
  }
  const size_t colon = address.rfind(':');
  const auto port =
      htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  sockaddr_in6 to6{};
  sockaddr_in to4{};
  const bool is_6 = address[0] == '[';
  to6.sin6_family = AF_INET6;
  to6.sin6_addr = in6addr_loopback;
  to6.sin6_port = port;
  to4.sin_family = AF_INET;
  to4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to4.sin_port = port;
  const int fd =
      socket(is_6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int connected =
      is_6 ? connect(fd, reinterpret_cast<sockaddr*>(&to6), sizeof(to6))
           : connect(fd, reinterpret_cast<sockaddr*>(&to4), sizeof(to4));
  if (connected == 0) return fd;
  close(fd);
  return -1;
}

Socket::Socket(const std::string& address) : fd_(OpenSocket(address)) {
  if (fd_ < 0) return;
  const timeval patience = {kPatience_s, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

bool Socket::Send(const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n =
        send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += n;
  }
  return true;
}

void Socket::FinishSending() { shutdown(fd_, SHUT_WR); }

std::string Socket::ReceiveAll() {
  std::string all;
  char buffer[4096];
  while (true) {
    const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
    if (n <= 0) return all;
    all.append(buffer, n);
  }
}

std::string Exchange(const std::string& address, const std::string& bytes) {
  Socket socket(address);
  if (!socket.is_open()) return "";
  socket.Send(bytes);
  return socket.ReceiveAll();
}

std::string HttpGet(const std::string& address, const std::string& path) {
  return Exchange(address, "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
}

std::string HttpBody(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

}  // namespace starling::testing
