// A stretch of network between a client and a server that a test can cut.
#ifndef STARLING_TESTS_TESTING_PROXY_H_
#define STARLING_TESTS_TESTING_PROXY_H_

#include <atomic>
#include <map>
#include <string>
#include <thread>

namespace starling::testing {

// Listens on 127.0.0.1 and forwards each connection to `target`, byte for
// byte. While it is cut no byte gets through and no connection comes about, but
// nobody is told: as with a cable that is out. What was sent meanwhile arrives
// once it is in again, as TCP would repeat it. Thread-safe.
class Proxy {
 public:
  enum class Cut { kNone, kBoth, kFromClient, kFromServer };

  // "127.0.0.1:PORT" or "unix:PATH".
  explicit Proxy(std::string target);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // "127.0.0.1:PORT"
  const std::string& address() const { return address_; }
  void Set(Cut cut) { cut_ = cut; }

 private:
  void Run();
  void Accept();
  // What can be read goes to the other end; false: one of them has closed.
  static bool Forward(int from, int to);

  const std::string target_;
  std::string address_;
  int listener_ = -1;
  std::atomic<Cut> cut_{Cut::kNone};
  std::atomic<bool> stop_{false};
  // Clients and their servers. The thread's alone.
  std::map<int, int> pairs_;
  std::thread thread_;
};

}  // namespace starling::testing

#endif  // STARLING_TESTS_TESTING_PROXY_H_
