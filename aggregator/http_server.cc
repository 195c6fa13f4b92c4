#include "aggregator/http_server.h"

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/loopback.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kThreads = 8;
constexpr size_t kMaxWaiting = 256;
constexpr milliseconds kRequestTime{2'000};
constexpr milliseconds kLingerTime{200};
// How soon a thread notices that the server ends.
constexpr milliseconds kSlice{50};
constexpr size_t kMaxRequestBytes = 8 << 10;
constexpr int kBacklog = 512;

// Set while a connection is only to be closed.
thread_local bool is_discarding = false;

void Discard(const std::function<void()>& connection) {
  is_discarding = true;
  connection();
  is_discarding = false;
}

// Connections that wait for a thread. Idle ones hold a thread for kRequestTime
// at most; the newest goes first, so that somebody who asks need not wait for
// all idle ones before it.
class NewestFirst : public httplib::TaskQueue {
 public:
  NewestFirst() {
    for (int i = 0; i < kThreads; ++i) {
      threads_.emplace_back([this] { Run(); });
    }
  }

  void enqueue(std::function<void()> connection) override {
    std::function<void()> oldest;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      waiting_.push_back(std::move(connection));
      if (waiting_.size() > kMaxWaiting) {
        oldest = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    wake_.notify_one();
    if (oldest) Discard(oldest);
  }

  void shutdown() override {
    std::deque<std::function<void()>> waiting;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ends_ = true;
      waiting.swap(waiting_);
    }
    wake_.notify_all();
    for (const auto& connection : waiting) Discard(connection);
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Run() {
    while (true) {
      std::function<void()> connection;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
        if (ends_) return;
        connection = std::move(waiting_.back());
        waiting_.pop_back();
      }
      connection();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_
  bool ends_ = false;                          // guarded by mutex_
  std::vector<std::thread> threads_;
};

// A connection with limits for all that it brings together.
class LimitedStream : public httplib::Stream {
 public:
  // `ends` outlives the object; `fd` is not owned.
  LimitedStream(int fd, const std::atomic<bool>* ends)
      : fd_(fd), ends_(ends), deadline_(Clock::now() + kRequestTime) {}

  bool is_readable() const override { return begin_ < end_ || Await(POLLIN); }
  bool is_writable() const override { return Await(POLLOUT); }

  ssize_t read(char* data, size_t size) override {
    if (begin_ == end_) {
      if (received_ >= kMaxRequestBytes || !Await(POLLIN)) return -1;
      const ssize_t n = recv(fd_, buffer_, sizeof(buffer_), 0);
      if (n <= 0) return n;
      begin_ = 0;
      end_ = n;
      received_ += n;
    }
    const size_t n = std::min(size, end_ - begin_);
    std::memcpy(data, buffer_ + begin_, n);
    begin_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* data, size_t size) override {
    return Await(POLLOUT) ? send(fd_, data, size, MSG_NOSIGNAL) : -1;
  }
  // Lets the other side read the answer before the connection is reset because
  // of bytes that nobody has read.
  void Linger() {
    ::shutdown(fd_, SHUT_WR);
    deadline_ = Clock::now() + kLingerTime;
    while (Await(POLLIN) && recv(fd_, buffer_, sizeof(buffer_), 0) > 0) {
    }
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return fd_; }

 private:
  bool Await(short events) const {
    while (!*ends_) {
      const auto left =
          std::chrono::ceil<milliseconds>(deadline_ - Clock::now());
      if (left.count() <= 0) return false;
      pollfd watched = {fd_, events, 0};
      const int n =
          poll(&watched, 1, static_cast<int>(std::min(left, kSlice).count()));
      if (n > 0) return true;
      if (n < 0 && errno != EINTR) return false;
    }
    return false;
  }

  const int fd_;
  const std::atomic<bool>* const ends_;
  Clock::time_point deadline_;
  char buffer_[4096];
  size_t begin_ = 0, end_ = 0;
  size_t received_ = 0;
};

// A socket that a killed process has left would be in the way.
void RemoveDeadSocket(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const bool is_dead = connect(fd, reinterpret_cast<sockaddr*>(&address),
                               sizeof(address)) != 0 &&
                       errno == ECONNREFUSED;
  close(fd);
  if (is_dead) unlink(path.c_str());
}

// What can be listened on.
struct Place {
  std::string path;  // of a Unix socket, or:
  std::string host;
  int port = 0;
};

absl::StatusOr<Place> ParsePlace(const HttpOptions& options) {
  const std::string& address = options.address;
  Place place;
  if (absl::StartsWith(address, "unix:")) {
    place.path = address.substr(5);
    if (!place.path.empty() &&
        place.path.size() < sizeof(sockaddr_un::sun_path)) {
      return place;
    }
  } else {
    const size_t colon = address.rfind(':');
    if (colon != std::string::npos && colon > 0 &&
        absl::SimpleAtoi(address.substr(colon + 1), &place.port) &&
        place.port >= 0 && place.port <= 65535) {
      place.host = address.substr(0, colon);
      if (place.host.front() == '[' && place.host.back() == ']') {
        place.host = place.host.substr(1, place.host.size() - 2);
      }
    }
  }
  if (place.host.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--http: \"", address,
        "\" is not an address; wanted: HOST:PORT, or unix:PATH with a path of "
        "at most 107 bytes"));
  }
  if (!IsLoopback(place.host) && !options.insecure_network) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--http: ", address,
        " is open to other hosts; use a loopback address (127.0.0.1) or a "
        "socket (unix:PATH), or allow it with --insecure_network"));
  }
  return place;
}

}  // namespace

class HttpServer::Listener : public httplib::Server {
 public:
  explicit Listener(HttpPages pages) : pages_(std::move(pages)) {
    new_task_queue = [this] {
      running_.set_value();
      return new NewestFirst;
    };
    // Else a second server shares the port silently.
    set_socket_options([](int fd) {
      const int yes = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    set_default_headers({{"Content-Security-Policy", "default-src 'self'"},
                         {"X-Content-Type-Options", "nosniff"},
                         {"Cache-Control", "no-store"}});
    set_payload_max_length(0);
    set_pre_routing_handler(
        [](const httplib::Request& request, httplib::Response& response) {
          if (request.method == "GET") return HandlerResponse::Unhandled;
          response.status = 405;
          response.set_header("Allow", "GET");
          return HandlerResponse::Handled;
        });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return;
      response.set_content(
          absl::StrCat(response.status,
                       ": GET /metrics, /healthz or /readyz\n"),
          "text/plain");
    });
    set_exception_handler([](const httplib::Request&,
                             httplib::Response& response,
                             std::exception_ptr) { response.status = 500; });
    Get("/metrics",
        [this](const httplib::Request&, httplib::Response& response) {
          response.set_content(pages_.metrics(),
                               "text/plain; version=0.0.4; charset=utf-8");
        });
    Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("ok\n", "text/plain");
    });
    Get("/readyz",
        [this](const httplib::Request&, httplib::Response& response) {
          const bool is_ready = pages_.is_ready();
          response.status = is_ready ? 200 : 503;
          response.set_content(is_ready ? "ready\n" : "the run is ending\n",
                               "text/plain");
        });
  }

  ~Listener() override {
    ends_ = true;
    stop();
    if (thread_.joinable()) thread_.join();
    if (!path_.empty()) unlink(path_.c_str());
  }

  // The port, 0 for a Unix socket; -1 if it can't be had.
  int Bind(const Place& place) {
    int port = 0;
    if (!place.path.empty()) {
      RemoveDeadSocket(place.path);
      set_address_family(AF_UNIX);
      if (!bind_to_port(place.path, /*port=*/80)) return -1;
      path_ = place.path;
    } else if (place.port == 0) {
      port = bind_to_any_port(place.host);
      if (port <= 0) return -1;
    } else {
      if (!bind_to_port(place.host, place.port)) return -1;
      port = place.port;
    }
    ::listen(svr_sock_, kBacklog);
    return port;
  }

  void Serve() {
    thread_ = std::thread([this] { listen_after_bind(); });
    // stop() has no effect before.
    running_.get_future().wait();
  }

 private:
  bool process_and_close_socket(socket_t fd) override {
    if (!is_discarding && !ends_) {
      // The library throws where memory or regular expressions fail.
      try {
        LimitedStream stream(fd, &ends_);
        bool is_closed = false;
        process_request(stream, /*close_connection=*/true, is_closed,
                        [](httplib::Request& request) {
                          // A page is small, many pieces of it are not.
                          request.ranges.clear();
                        });
        stream.Linger();
      } catch (const std::exception& error) {
        LOG_EVERY_N(WARNING, 1000)
            << "an HTTP request could not be answered: " << error.what();
      }
    }
    ::shutdown(fd, SHUT_RDWR);
    ::close(fd);
    return true;
  }

  const HttpPages pages_;
  std::promise<void> running_;
  std::atomic<bool> ends_{false};
  std::string path_;
  std::thread thread_;
};

HttpServer::HttpServer() = default;
HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const HttpOptions& options, HttpPages pages) {
  const absl::StatusOr<Place> place = ParsePlace(options);
  if (!place.ok()) return place.status();
  std::unique_ptr<HttpServer> server(new HttpServer);
  server->listener_ = std::make_unique<Listener>(std::move(pages));
  const int port = server->listener_->Bind(*place);
  if (port < 0) {
    return absl::UnavailableError(
        absl::StrCat("--http: can't listen on ", options.address,
                     ": another program listens there, or it is not an "
                     "address of this host; choose another"));
  }
  server->address_ =
      place->path.empty()
          ? absl::StrCat(
                options.address.substr(0, options.address.rfind(':') + 1), port)
          : options.address;
  server->listener_->Serve();
  if (!place->host.empty() && !IsLoopback(place->host)) {
    LOG(WARNING) << "serving metrics in plain text on " << server->address_
                 << ": anybody who reaches it can read them";
  }
  return server;
}

}  // namespace starling
