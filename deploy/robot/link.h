// How a robot's observations come in and its actions go out.
//
// Numbers are text, a line of them with commas between, or 32-bit floats,
// little-endian, without anything between. Over standard input and output, a
// Unix socket (one peer after the other) or UDP (a datagram each way).
#ifndef STARLING_DEPLOY_ROBOT_LINK_H_
#define STARLING_DEPLOY_ROBOT_LINK_H_

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/vectors.h"

namespace starling {

enum class Wire { kText, kBinary };

class Link {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Event {
    kObservation,
    // A line `reset`: an episode begins.
    kReset,
    // A line or datagram that is no observation; error() says why.
    kMalformed,
    // A line of other names than the contract's; error() says which.
    kWrongNames,
    // Nothing came until the deadline, or a signal did.
    kNothing,
    // No more will come.
    kEnd,
    // Standard output takes no more actions; error() says why.
    kCut,
  };

  // `address`: "-", "unix:PATH" or "udp:HOST:PORT". `names` are those of the
  // observation's numbers: a line of names instead of numbers must be these.
  //
  // InvalidArgument: no such address, or one that other hosts reach, without
  // `is_network_allowed`; Unavailable: it is taken, or can't be bound.
  static absl::StatusOr<Link> Open(const std::string& address, Wire wire,
                                   std::vector<std::string> names,
                                   bool is_network_allowed);
  Link(Link&& other) noexcept;
  ~Link();

  // Where it listens: "udp:127.0.0.1:4711".
  const std::string& address() const { return address_; }
  // Of kMalformed, kWrongNames and kCut.
  const std::string& error() const { return error_; }

  // Waits for the next event, at most until the deadline, whatever a peer
  // sends; after it, takes what is there already. Blocked signals arrive here,
  // and end the wait. No allocation but for errors.
  Event Receive(Time deadline, VectorRef observation);
  // To whoever sent the last observation; lost if nobody did. Waits for
  // standard output alone, until the deadline or a signal: then it is lost.
  void Send(ConstVectorRef action, Time deadline = Time::max());

 private:
  Link(Wire wire, std::vector<std::string> names)
      : wire_(wire), names_(std::move(names)) {}

  absl::Status Listen(const std::string& address, bool is_network_allowed);
  absl::Status ListenOnUnix(const std::string& path);
  absl::Status ListenOnUdp(absl::string_view address, bool is_network_allowed);

  // The end of the input: what has come is whole.
  bool Finish(Event* event);
  // The first whole message of what has come, if there is one.
  bool Next(VectorRef observation, Event* event);
  Event Parse(absl::string_view message, VectorRef observation);
  Event ParseNames(absl::string_view line);
  Event Malformed(std::string error);
  void Hang();

  Wire wire_;
  std::vector<std::string> names_;
  std::string address_, error_, path_;
  // What is read and written; -1: nobody is there. And what peers come to.
  int in_ = -1, out_ = -1, listener_ = -1;
  bool is_udp_ = false;
  sockaddr_storage peer_ = {};
  socklen_t peer_size_ = 0;
  // Bytes [begin_, end_) of buffer_ are still to be read.
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;
  // The rest of a line that is too long.
  bool skips_line_ = false;
  // Standard input has ended; standard output can't be written.
  bool is_over_ = false, is_cut_ = false;
  std::vector<char> sent_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_ROBOT_LINK_H_
