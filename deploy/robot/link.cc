#include "deploy/robot/link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/log.h"
#include "base/loopback.h"
#include "base/status.h"

namespace starling {
namespace {

// Characters of the longest float, its comma included.
constexpr size_t kNumberSize = 18;

// The next cell of a line, without blanks around it; moves `line` behind it.
absl::string_view NextCell(absl::string_view* line) {
  const size_t comma = line->find(',');
  const absl::string_view cell = line->substr(0, comma);
  *line = comma == absl::string_view::npos ? absl::string_view()
                                           : line->substr(comma + 1);
  return absl::StripAsciiWhitespace(cell);
}

// Of what came, for an error: short and printable.
std::string Quote(absl::string_view cell) {
  return absl::StrCat("\"", absl::CHexEscape(cell.substr(0, 40)), "\"");
}

// Whether `fd` is ready before the deadline. Signals that the program blocks
// arrive while it waits, and end that.
bool WaitFor(int fd, short events, Link::Time deadline) {
  sigset_t no_signals;
  sigemptyset(&no_signals);
  pollfd ready = {fd, events, 0};
  timespec wait = {};
  if (deadline != Link::Time::max()) {
    const auto left = std::max<std::chrono::nanoseconds>(
        deadline - std::chrono::steady_clock::now(),
        std::chrono::nanoseconds(0));
    wait.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    wait.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
  }
  return ppoll(&ready, 1, deadline == Link::Time::max() ? nullptr : &wait,
               &no_signals) > 0;
}

// What is ready at once lets no signal through, so it is asked for alone.
bool SignalArrives() {
  sigset_t no_signals;
  sigemptyset(&no_signals);
  const timespec no_wait = {};
  return ppoll(nullptr, 0, &no_wait, &no_signals) < 0;
}

bool IsSocket(const std::string& path) {
  struct stat found;
  return lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

absl::Status Taken(const std::string& address) {
  return absl::UnavailableError(
      absl::StrCat(address, ": can't be bound: ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<Link> Link::Open(const std::string& address, Wire wire,
                                std::vector<std::string> names,
                                bool is_network_allowed) {
  Link link(wire, std::move(names));
  size_t characters = 4096;
  for (const std::string& name : link.names_) characters += name.size() + 1;
  link.buffer_.resize(std::max<size_t>(
      characters + 2 * kNumberSize * link.names_.size(), size_t{1} << 16));
  RETURN_IF_ERROR(link.Listen(address, is_network_allowed));
  return link;
}

Link::Link(Link&& other) noexcept
    : wire_(other.wire_),
      names_(std::move(other.names_)),
      address_(std::move(other.address_)),
      error_(std::move(other.error_)),
      path_(std::move(other.path_)),
      in_(other.in_),
      out_(other.out_),
      listener_(other.listener_),
      is_udp_(other.is_udp_),
      peer_(other.peer_),
      peer_size_(other.peer_size_),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      end_(other.end_),
      skips_line_(other.skips_line_),
      is_over_(other.is_over_),
      is_cut_(other.is_cut_),
      sent_(std::move(other.sent_)) {
  other.in_ = other.out_ = other.listener_ = -1;
  other.path_.clear();
}

Link::~Link() {
  if (listener_ >= 0) {
    if (in_ >= 0) close(in_);
    close(listener_);
  } else if (is_udp_ && in_ >= 0) {
    close(in_);
  }
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status Link::Listen(const std::string& address, bool is_network_allowed) {
  absl::string_view rest = address;
  if (address == "-") {
    in_ = STDIN_FILENO;
    out_ = STDOUT_FILENO;
    address_ = address;
    return absl::OkStatus();
  }
  if (absl::ConsumePrefix(&rest, "unix:")) {
    return ListenOnUnix(std::string(rest));
  }
  if (absl::ConsumePrefix(&rest, "udp:")) {
    return ListenOnUdp(rest, is_network_allowed);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", address, "\" is no address: -, unix:PATH or udp:HOST:PORT"));
}

absl::Status Link::ListenOnUnix(const std::string& path) {
  address_ = absl::StrCat("unix:", path);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat(address_, ": a path has 1 to ", sizeof(name.sun_path) - 1,
                     " characters"));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  const auto* const to = reinterpret_cast<const sockaddr*>(&name);
  // A socket that nobody listens on any more goes; anything else stays.
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_left_over =
      connect(probe, to, sizeof(name)) != 0 && errno == ECONNREFUSED;
  close(probe);
  if (is_left_over && IsSocket(path)) unlink(path.c_str());

  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // For its owner alone, from the first moment.
  const mode_t mask = umask(0177);
  const int bound = bind(listener_, to, sizeof(name));
  umask(mask);
  if (bound != 0 || listen(listener_, 1) != 0) return Taken(address_);
  path_ = path;
  return absl::OkStatus();
}

absl::Status Link::ListenOnUdp(absl::string_view address,
                               bool is_network_allowed) {
  const std::string whole = absl::StrCat("udp:", address);
  const size_t colon = address.rfind(':');
  std::string host(address.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (colon == absl::string_view::npos || host.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(whole, ": expected udp:HOST:PORT"));
  }
  if (!IsLoopback(host) && !is_network_allowed) {
    return absl::InvalidArgumentError(absl::StrCat(
        whole,
        ": other hosts reach this address, and whoever does moves the robot; "
        "use udp:127.0.0.1:PORT, or say --insecure_network"));
  }
  const std::string port(address.substr(colon + 1));
  addrinfo hints = {};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(whole, ": ", gai_strerror(error)));
  }
  in_ = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int bound = bind(in_, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  is_udp_ = true;
  if (bound != 0) return Taken(whole);
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  getsockname(in_, reinterpret_cast<sockaddr*>(&name), &size);
  const uint16_t number =
      ntohs(name.ss_family == AF_INET6
                ? reinterpret_cast<sockaddr_in6*>(&name)->sin6_port
                : reinterpret_cast<sockaddr_in*>(&name)->sin_port);
  address_ = absl::StrCat("udp:", address.substr(0, colon), ":", number);
  return absl::OkStatus();
}

void Link::Hang() {
  close(in_);
  in_ = out_ = -1;
  begin_ = end_ = 0;
  skips_line_ = false;
}

Link::Event Link::Receive(Time deadline, VectorRef observation) {
  for (bool is_first = true;; is_first = false) {
    Event event;
    if (is_cut_) return Event::kCut;
    if (!is_udp_ && Next(observation, &event)) return event;
    if (is_over_) return Event::kEnd;
    if (SignalArrives()) return Event::kNothing;
    // What says nothing, however much of it comes, holds nobody up.
    if (!is_first && std::chrono::steady_clock::now() >= deadline) {
      return Event::kNothing;
    }
    if (!WaitFor(in_ >= 0 ? in_ : listener_, POLLIN, deadline)) {
      return Event::kNothing;
    }
    if (in_ < 0) {
      in_ = out_ =
          accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (in_ < 0) continue;
      return Event::kReset;
    }
    if (is_udp_) {
      sockaddr_storage from = {};
      socklen_t from_size = sizeof(from);
      const ssize_t got =
          recvfrom(in_, buffer_.data(), buffer_.size(), MSG_TRUNC,
                   reinterpret_cast<sockaddr*>(&from), &from_size);
      if (got < 0) continue;
      if (static_cast<size_t>(got) > buffer_.size()) {
        return Malformed(absl::StrCat("a datagram of ", got, " bytes"));
      }
      event = Parse({buffer_.data(), static_cast<size_t>(got)}, observation);
      // Names that are right need no answer.
      if (event == Event::kNothing) continue;
      if (event == Event::kObservation) {
        peer_ = from;
        peer_size_ = from_size;
      }
      return event;
    }
    // Room for what comes.
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    const ssize_t got = read(in_, buffer_.data() + end_, buffer_.size() - end_);
    if (got > 0) {
      end_ += static_cast<size_t>(got);
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      continue;
    } else if (listener_ < 0) {
      if (Finish(&event)) return event;
    } else {
      Hang();
    }
  }
}

bool Link::Finish(Event* event) {
  is_over_ = true;
  if (begin_ == end_) return false;
  if (wire_ == Wire::kText) {
    // The last line may lack its end.
    buffer_[end_++] = '\n';
    return false;
  }
  *event = Malformed(absl::StrCat(end_ - begin_, " bytes at the end"));
  begin_ = end_;
  return true;
}

bool Link::Next(VectorRef observation, Event* event) {
  const size_t size = end_ - begin_;
  if (wire_ == Wire::kBinary) {
    const size_t wanted = 4 * names_.size();
    if (size < wanted) return false;
    *event = Parse({buffer_.data() + begin_, wanted}, observation);
    begin_ += wanted;
    return true;
  }
  for (;;) {
    const absl::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const size_t line = rest.find('\n');
    if (line == absl::string_view::npos) {
      if (rest.size() < buffer_.size()) return false;
      begin_ = end_ = 0;
      if (skips_line_) return false;
      skips_line_ = true;
      *event = Malformed(
          absl::StrCat("a line of more than ", buffer_.size(), " characters"));
      return true;
    }
    begin_ += line + 1;
    if (std::exchange(skips_line_, false)) continue;
    const absl::string_view text =
        absl::StripAsciiWhitespace(rest.substr(0, line));
    if (text.empty()) continue;
    *event = Parse(text, observation);
    // Names that are right need no answer.
    if (*event != Event::kNothing) return true;
  }
}

Link::Event Link::Parse(absl::string_view message, VectorRef observation) {
  const size_t n = names_.size();
  if (wire_ == Wire::kBinary) {
    if (message.size() != 4 * n) {
      return Malformed(
          absl::StrCat(message.size(), " bytes; an observation has ", 4 * n));
    }
    std::memcpy(observation.data(), message.data(), message.size());
    return Event::kObservation;
  }
  absl::string_view rest = absl::StripAsciiWhitespace(message);
  if (rest == "reset") return Event::kReset;
  absl::string_view first = rest;
  float number;
  if (!absl::SimpleAtof(NextCell(&first), &number)) return ParseNames(rest);
  const auto cells =
      static_cast<size_t>(std::count(rest.begin(), rest.end(), ',') + 1);
  if (cells != n) {
    return Malformed(absl::StrCat(cells, " numbers; an observation has ", n));
  }
  for (size_t i = 0; i < n; ++i) {
    const absl::string_view cell = NextCell(&rest);
    // Too large is infinite, too small zero: a number all the same.
    if (!absl::SimpleAtof(cell, &observation[static_cast<int>(i)])) {
      return Malformed(
          absl::StrCat(Quote(cell), " for ", names_[i], " is no number"));
    }
  }
  return Event::kObservation;
}

Link::Event Link::ParseNames(absl::string_view line) {
  absl::string_view rest = line;
  for (size_t i = 0; i < names_.size(); ++i) {
    const absl::string_view name = NextCell(&rest);
    if (name != names_[i] && name != absl::StrCat("obs_", i)) {
      error_ = absl::StrCat("column ", i, " is ", Quote(name),
                            "; by the policy's contract it is \"", names_[i],
                            "\" (or obs_", i, ")");
      return Event::kWrongNames;
    }
  }
  if (!rest.empty()) {
    error_ = absl::StrCat(Quote(rest), " after the last of the ", names_.size(),
                          " columns of the policy's contract");
    return Event::kWrongNames;
  }
  return Event::kNothing;
}

Link::Event Link::Malformed(std::string error) {
  error_ = std::move(error);
  return Event::kMalformed;
}

void Link::Send(ConstVectorRef action, Time deadline) {
  if (!is_udp_ && out_ < 0) return;
  if (is_udp_ && peer_size_ == 0) return;
  sent_.resize(kNumberSize * static_cast<size_t>(action.size()));
  size_t size = 0;
  if (wire_ == Wire::kBinary) {
    size = 4 * static_cast<size_t>(action.size());
    std::memcpy(sent_.data(), action.data(), size);
  } else {
    for (const float number : action) {
      const auto end = std::to_chars(sent_.data() + size,
                                     sent_.data() + sent_.size(), number);
      size = static_cast<size_t>(end.ptr - sent_.data());
      sent_[size++] = ',';
    }
    sent_[size - 1] = '\n';
  }
  if (is_udp_) {
    sendto(in_, sent_.data(), size, MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&peer_), peer_size_);
    return;
  }
  if (listener_ >= 0) {
    // A peer that does not read must not hold up the robot.
    const ssize_t done =
        send(out_, sent_.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done != static_cast<ssize_t>(size)) Hang();
    return;
  }
  // A write that waits would keep signals off; one of PIPE_BUF bytes, once
  // there is room, does not wait.
  for (size_t done = 0; done < size;) {
    if (!WaitFor(out_, POLLOUT, deadline)) return;
    const ssize_t written = write(out_, sent_.data() + done,
                                  std::min<size_t>(size - done, PIPE_BUF));
    if (written > 0) {
      done += static_cast<size_t>(written);
    } else if (errno != EAGAIN && errno != EINTR) {
      error_ = absl::StrCat("standard output can't be written: ",
                            std::strerror(errno));
      is_cut_ = true;
      return;
    }
  }
}

}  // namespace starling
