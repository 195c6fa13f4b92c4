#include "aggregator/http_server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/socket.h"

namespace starling {
namespace {

using testing::Exchange;
using ::testing::HasSubstr;
using testing::HttpBody;
using testing::HttpGet;
using testing::Socket;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<HttpServer> Start(const std::string& address) {
    HttpPages pages;
    pages.metrics = [this]() -> std::string {
      if (throws_) throw std::runtime_error("a secret");
      return std::string("starling_x 1\n") + std::string(20'000, '#') + "\n";
    };
    pages.is_ready = [this] { return ready_.load(); };
    auto server = HttpServer::Start({.address = address}, pages);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  std::atomic<bool> ready_{true};
  std::atomic<bool> throws_{false};
};

TEST_F(HttpServerTest, ServesItsThreePagesAndNothingElse) {
  const auto server = Start("127.0.0.1:0");
  const std::string& address = server->address();

  const std::string metrics = HttpGet(address, "/metrics");
  EXPECT_THAT(metrics, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(metrics, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics,
              HasSubstr("Content-Security-Policy: default-src 'self'"));
  EXPECT_EQ(HttpBody(metrics).size(), 20'014u);
  EXPECT_EQ(HttpBody(HttpGet(address, "/healthz")), "ok\n");
  for (const char* path : {"/", "/metrics/", "/../etc/passwd", "//metrics",
                           "/metrics%00", "/Metrics"}) {
    EXPECT_THAT(HttpGet(address, path), StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(HttpServerTest, ReadinessFollowsTheRun) {
  const auto server = Start("127.0.0.1:0");
  EXPECT_THAT(HttpGet(server->address(), "/readyz"),
              StartsWith("HTTP/1.1 200 "));
  ready_ = false;
  EXPECT_THAT(HttpGet(server->address(), "/readyz"),
              StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(HttpGet(server->address(), "/healthz"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, OnlyGetIsAllowed) {
  const auto server = Start("127.0.0.1:0");
  for (const std::string method :
       {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
    const std::string answer =
        Exchange(server->address(), method +
                                        " /metrics HTTP/1.1\r\nHost: x\r\n"
                                        "Content-Length: 5\r\n\r\nhello");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << method;
    EXPECT_THAT(answer, HasSubstr("Allow: GET")) << method;
  }
}

TEST_F(HttpServerTest, HostileRequestsHarmNobody) {
  const auto server = Start("127.0.0.1:0");
  const std::string& address = server->address();
  std::string ranges = "bytes=0-";
  while (ranges.size() < 7'000) ranges += ",0-";
  std::string headers;
  for (int i = 0; i < 100'000; ++i) headers += "a: b\r\n";
  const std::vector<std::string> requests = {
      std::string(100'000, 'A'),
      "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n",
      "GET /metrics HTTP/1.1\r\n" + headers + "\r\n",
      "GET /metrics HTTP/1.1\r\nX: " + std::string(50'000, 'x') + "\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nRange: " + ranges + "\r\n\r\n",
      "GET /metrics HTTP/9.9\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
      std::string("\0\0\0\0", 4) + "\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
      "POST /metrics HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\nx",
      "GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "GET  HTTP/1.1\r\n\r\n",
      "\r\n\r\n\r\n",
  };
  for (const std::string& request : requests) {
    const std::string answer = Exchange(address, request);
    EXPECT_LE(answer.size(), 30'000u) << request.substr(0, 60);
  }
  throws_ = true;
  const std::string failed = HttpGet(address, "/metrics");
  EXPECT_THAT(failed, StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ(failed.find("secret"), std::string::npos) << failed;

  EXPECT_EQ(HttpBody(HttpGet(address, "/healthz")), "ok\n");
}

TEST_F(HttpServerTest, IdleAndSlowConnectionsDoNotStopIt) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto server = Start("127.0.0.1:0");
  std::vector<Socket> idle;
  for (int i = 0; i < 500; ++i) {
    idle.emplace_back(server->address());
    ASSERT_TRUE(idle.back().is_open()) << i;
    if (i % 2 == 0) idle.back().Send("GET /met");
  }

  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(HttpBody(HttpGet(server->address(), "/healthz")), "ok\n");
  }
  // Each waits for a thread for 2 s at most, while idle ones hold all.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST_F(HttpServerTest, EndsPromptlyWhileConnectionsAreOpen) {
  auto server = Start("127.0.0.1:0");
  std::vector<Socket> idle;
  for (int i = 0; i < 20; ++i) idle.emplace_back(server->address());

  const auto began = std::chrono::steady_clock::now();
  server.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
}

TEST_F(HttpServerTest, UnixSocketsAreServedAndLeftOnesReplaced) {
  // Short: the path of a socket has at most 107 bytes.
  std::string folder = "/tmp/starling-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/http";
  const std::string address = "unix:" + path;
  {
    const auto server = Start(address);
    EXPECT_EQ(HttpBody(HttpGet(address, "/healthz")), "ok\n");
    const auto second = HttpServer::Start({.address = address}, {});
    EXPECT_TRUE(absl::IsUnavailable(second.status())) << "it is in use";
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0) << "it is removed";
  EXPECT_EQ(rmdir(folder.c_str()), 0);
}

TEST_F(HttpServerTest, TakenAndForeignAddressesAreRefused) {
  const auto server = Start("127.0.0.1:0");
  const auto second = HttpServer::Start({.address = server->address()}, {});
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(server->address()));

  for (const char* foreign : {"0.0.0.0:0", "[::]:0", "127.example.org:0"}) {
    const auto open = HttpServer::Start({.address = foreign}, {});
    EXPECT_TRUE(absl::IsInvalidArgument(open.status())) << foreign;
    EXPECT_THAT(std::string(open.status().message()),
                HasSubstr("--insecure_network"));
  }
  for (const std::string bad : {"", "80", "127.0.0.1:", "127.0.0.1:99999",
                                ":80", "unix:", "http://127.0.0.1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        HttpServer::Start({.address = bad}, {}).status()))
        << bad;
  }
}

}  // namespace
}  // namespace starling
