#include "deploy/robot/link.h"

#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/rng.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

using Event = Link::Event;

// The other end of a link.
class Peer {
 public:
  explicit Peer(const Link& link) {
    const std::string& address = link.address();
    sockaddr_storage to = {};
    socklen_t size = 0;
    if (absl::StartsWith(address, "unix:")) {
      auto* const name = reinterpret_cast<sockaddr_un*>(&to);
      name->sun_family = AF_UNIX;
      std::strcpy(name->sun_path, address.c_str() + 5);
      size = sizeof(sockaddr_un);
      fd_ = socket(AF_UNIX, SOCK_STREAM, 0);
    } else {
      auto* const name = reinterpret_cast<sockaddr_in*>(&to);
      name->sin_family = AF_INET;
      int port = 0;
      EXPECT_TRUE(
          absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
      name->sin_port = htons(static_cast<uint16_t>(port));
      name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      size = sizeof(sockaddr_in);
      fd_ = socket(AF_INET, SOCK_DGRAM, 0);
    }
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), size), 0);
  }
  ~Peer() { close(fd_); }
  void Send(const std::string& bytes) const {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string Receive() const {
    char bytes[1000];
    const ssize_t got = recv(fd_, bytes, sizeof(bytes), 0);
    return {bytes, got > 0 ? static_cast<size_t>(got) : 0};
  }

 private:
  int fd_ = -1;
};

class LinkTest : public ::testing::Test {
 protected:
  Link Open(const std::string& address, Wire wire = Wire::kText) {
    auto link = Link::Open(address, wire, {"hip", "knee"}, false);
    EXPECT_TRUE(link.ok()) << link.status();
    return *std::move(link);
  }
  std::string UnixAddress() const {
    return absl::StrCat("unix:", folder_, "/link");
  }
  // The next event within 20 s.
  Event Next(Link* link) {
    return link->Receive(
        std::chrono::steady_clock::now() + std::chrono::seconds(20), state_);
  }
  static Event Poll(Link* link, Eigen::Vector2f* state) {
    return link->Receive(std::chrono::steady_clock::now(), *state);
  }

  const std::string folder_ = testing::NewFolder();
  Eigen::Vector2f state_;
};

TEST_F(LinkTest, TextOverASocketInAnyPieces) {
  Link link = Open(UnixAddress());
  EXPECT_EQ(Poll(&link, &state_), Event::kNothing);
  link.Send(state_);  // to nobody
  const Peer peer(link);
  EXPECT_EQ(Next(&link), Event::kReset);
  peer.Send("hip, knee\r\n\n1.5,");
  EXPECT_EQ(Poll(&link, &state_), Event::kNothing);
  peer.Send(" -2e3\n3,4\nreset\nnan,inf\n5");
  EXPECT_EQ(Next(&link), Event::kObservation);
  EXPECT_EQ(state_, Eigen::Vector2f(1.5f, -2000));
  EXPECT_EQ(Next(&link), Event::kObservation);
  EXPECT_EQ(state_, Eigen::Vector2f(3, 4));
  EXPECT_EQ(Next(&link), Event::kReset);
  EXPECT_EQ(Next(&link), Event::kObservation);
  EXPECT_TRUE(std::isnan(state_[0]) && std::isinf(state_[1]));
  EXPECT_EQ(Poll(&link, &state_), Event::kNothing);
  // As many digits as it takes.
  link.Send(Eigen::Vector3f(0.1f, -1, 16777216));
  EXPECT_EQ(peer.Receive(), "0.1,-1,16777216\n");
}

TEST_F(LinkTest, BinaryOverASocket) {
  Link link = Open(UnixAddress(), Wire::kBinary);
  const Peer peer(link);
  EXPECT_EQ(Next(&link), Event::kReset);
  const Eigen::Vector2f sent(1.25f, -7);
  const std::string bytes(reinterpret_cast<const char*>(sent.data()), 8);
  peer.Send(bytes.substr(0, 3));
  EXPECT_EQ(Poll(&link, &state_), Event::kNothing);
  peer.Send(bytes.substr(3) + bytes);
  EXPECT_EQ(Next(&link), Event::kObservation);
  EXPECT_EQ(state_, sent);
  EXPECT_EQ(Next(&link), Event::kObservation);
  link.Send(sent);
  EXPECT_EQ(peer.Receive(), bytes);
}

TEST_F(LinkTest, OnePeerAfterTheOther) {
  Link link = Open(UnixAddress());
  {
    const Peer peer(link);
    peer.Send("1,2\n3,");
    EXPECT_EQ(Next(&link), Event::kReset);
    EXPECT_EQ(Next(&link), Event::kObservation);
  }
  const Peer peer(link);
  peer.Send("5,6\n");
  EXPECT_EQ(Next(&link), Event::kReset);
  EXPECT_EQ(Next(&link), Event::kObservation);
  EXPECT_EQ(state_, Eigen::Vector2f(5, 6));
}

TEST_F(LinkTest, Datagrams) {
  Link link = Open("udp:127.0.0.1:0");
  const Peer peer(link), other(link);
  peer.Send("1,2");
  EXPECT_EQ(Next(&link), Event::kObservation);
  link.Send(Eigen::Vector2f(1, 2));
  EXPECT_EQ(peer.Receive(), "1,2\n");
  // Two observations in one are none.
  other.Send("3,4\n5,6\n");
  EXPECT_EQ(Next(&link), Event::kMalformed);
  other.Send("3,4\n");
  EXPECT_EQ(Next(&link), Event::kObservation);
  link.Send(Eigen::Vector2f(7, 8));
  EXPECT_EQ(other.Receive(), "7,8\n");
  // Who says nothing that makes sense gets no answers.
  peer.Send("rubbish");
  EXPECT_EQ(Next(&link), Event::kWrongNames);
  link.Send(Eigen::Vector2f(9, 9));
  EXPECT_EQ(other.Receive(), "9,9\n");
}

TEST_F(LinkTest, NumbersOfAnyStyleAndSize) {
  Link link = Open("udp:127.0.0.1:0");
  const Peer peer(link);
  const struct {
    const char* text;
    Eigen::Vector2f state;
  } kCases[] = {
      {"+1,-.5", {1, -0.5f}},
      {"1e-60, 1e-60", {0, 0}},
      {"1e60,-1e60", {HUGE_VALF, -HUGE_VALF}},
      {"1E2,0.1000000000000000055511151231257827", {100, 0.1f}},
  };
  for (const auto& tried : kCases) {
    peer.Send(tried.text);
    EXPECT_EQ(Next(&link), Event::kObservation) << tried.text << link.error();
    EXPECT_EQ(state_, tried.state) << tried.text;
  }
}

TEST_F(LinkTest, LinesAreTheSameInAnyPieces) {
  Rng rng(2);
  const std::string alphabet = "0123456789.,-+e \n\n\r\tnaifxrst\xff";
  std::string bytes;
  for (int i = 0; i < 20000; ++i) {
    bytes +=
        rng.Below(8) == 0
            ? "7,8\n"
            : std::string(
                  1,
                  alphabet[rng.Below(static_cast<uint32_t>(alphabet.size()))]);
  }
  bytes += "\nreset\n";
  std::vector<std::vector<Event>> seen;
  for (const uint32_t most : {20000u, 50u}) {
    Link link = Open(UnixAddress());
    const Peer peer(link);
    EXPECT_EQ(Next(&link), Event::kReset);
    std::vector<Event>& events = seen.emplace_back();
    for (size_t at = 0; at < bytes.size();) {
      const std::string piece = bytes.substr(at, 1 + rng.Below(most));
      peer.Send(piece);
      at += piece.size();
      Event event;
      while ((event = Poll(&link, &state_)) != Event::kNothing) {
        events.push_back(event);
      }
    }
    // The last piece may have come after that.
    while (events.back() != Event::kReset) events.push_back(Next(&link));
  }
  EXPECT_GT(seen[0].size(), 1000u);
  EXPECT_EQ(seen[0], seen[1]);
}

TEST_F(LinkTest, AFileInTheWayStays) {
  const std::string path = absl::StrCat(folder_, "/data");
  std::ofstream(path) << "precious";
  const auto link =
      Link::Open(absl::StrCat("unix:", path), Wire::kText, {"hip"}, false);
  EXPECT_TRUE(absl::IsUnavailable(link.status())) << link.status();
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "precious");
}

TEST_F(LinkTest, ASocketThatIsLeftOverGoes) {
  const std::string path = absl::StrCat(folder_, "/link");
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::strcpy(name.sun_path, path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  close(fd);
  Open(absl::StrCat("unix:", path));
}

TEST_F(LinkTest, WhatIsNoObservationIsNamedAndLeftOut) {
  Link link = Open(UnixAddress());
  const Peer peer(link);
  EXPECT_EQ(Next(&link), Event::kReset);
  const struct {
    std::string line;
    Event event;
    const char* error;
  } kCases[] = {
      {"1,2,3\n", Event::kMalformed, "3 numbers; an observation has 2"},
      {"1\n", Event::kMalformed, "1 numbers; an observation has 2"},
      {"1,x\n", Event::kMalformed, "\"x\" for knee is no number"},
      {"1,\x1b[2J\n", Event::kMalformed, "\"\\x1b[2J\" for knee"},
      {"1,\n", Event::kMalformed, "\"\" for knee is no number"},
      {"hip,ankle\n", Event::kWrongNames,
       "column 1 is \"ankle\"; by the policy's contract it is \"knee\""},
      {"obs_0,obs_1,obs_2\n", Event::kWrongNames, "\"obs_2\" after the last"},
      {std::string(100'000, '1') + "\n", Event::kMalformed,
       "more than 65536 characters"},
  };
  for (const auto& tried : kCases) {
    peer.Send(tried.line);
    EXPECT_EQ(Next(&link), tried.event) << tried.line.substr(0, 40);
    EXPECT_TRUE(absl::StrContains(link.error(), tried.error)) << link.error();
  }
  peer.Send("obs_0,obs_1\n1,2\n");
  EXPECT_EQ(Next(&link), Event::kObservation);
}

TEST_F(LinkTest, AnyBytesAreSurvived) {
  Rng rng(1);
  const std::string alphabet = "0123456789.,-+e \n\r\tnaifxrst\0\xff";
  for (const Wire wire : {Wire::kText, Wire::kBinary}) {
    Link link = Open("udp:127.0.0.1:0", wire);
    const Peer peer(link);
    for (int i = 0; i < 2000; ++i) {
      std::string bytes;
      const uint32_t size = rng.Below(40);
      for (uint32_t k = 0; k < size; ++k) {
        bytes += alphabet[rng.Below(static_cast<uint32_t>(alphabet.size()))];
      }
      peer.Send(bytes);
      EXPECT_NE(Next(&link), Event::kEnd);
    }
    const Eigen::Vector2f sent(1, 2);
    peer.Send(wire == Wire::kText
                  ? "1,2"
                  : std::string(reinterpret_cast<const char*>(sent.data()), 8));
    EXPECT_EQ(Next(&link), Event::kObservation);
    EXPECT_EQ(state_, sent);
  }
}

TEST_F(LinkTest, RefusesAddresses) {
  const auto refused = [](const std::string& address, absl::StatusCode code,
                          const char* part) {
    const absl::Status status =
        Link::Open(address, Wire::kText, {"hip"}, false).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), part)) << status;
  };
  const auto invalid = absl::StatusCode::kInvalidArgument;
  refused("tcp:1", invalid, "unix:PATH");
  refused("udp:127.0.0.1", invalid, "udp:HOST:PORT");
  refused("udp:0.0.0.0:4711", invalid, "--insecure_network");
  refused("udp:[::]:4711", invalid, "--insecure_network");
  refused(absl::StrCat("unix:", std::string(200, 'x')), invalid, "characters");
  refused("unix:/no/such/folder/x", absl::StatusCode::kUnavailable,
          "No such file");

  const Link first = Open(UnixAddress());
  refused(UnixAddress(), absl::StatusCode::kUnavailable, "in use");
  const Link udp = Open("udp:127.0.0.1:0");
  refused(udp.address(), absl::StatusCode::kUnavailable, "in use");
}

}  // namespace
}  // namespace starling
