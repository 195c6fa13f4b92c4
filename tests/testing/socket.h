// Bare stream sockets for tests: what a client of any kind might send.
#ifndef STARLING_TESTS_TESTING_SOCKET_H_
#define STARLING_TESTS_TESTING_SOCKET_H_

#include <string>

namespace starling::testing {

// A connected socket, for a caller that closes it; -1 if there is none. To
// "127.0.0.1:PORT", "[::1]:PORT" or "unix:PATH".
int OpenSocket(const std::string& address);

// A connection, closed with the object. Not thread-safe.
class Socket {
 public:
  // As OpenSocket; is_open() says whether it came about.
  explicit Socket(const std::string& address);
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Socket& operator=(Socket&&) = delete;

  bool is_open() const { return fd_ >= 0; }
  // False if the other side has closed.
  bool Send(const std::string& bytes);
  // Says that nothing more will be sent.
  void FinishSending();
  // All that comes until the other side closes, or for 20 s.
  std::string ReceiveAll();

 private:
  int fd_ = -1;
};

// Sends `bytes` on a new connection; what comes back.
std::string Exchange(const std::string& address, const std::string& bytes);

// The answer to GET `path`, its head included; and its body alone.
std::string HttpGet(const std::string& address, const std::string& path);
std::string HttpBody(const std::string& answer);

}  // namespace starling::testing

#endif  // STARLING_TESTS_TESTING_SOCKET_H_
