// Who may do what: compares the tokens that callers show with the roles' own,
// and refuses for a while a host that keeps showing wrong ones.
//
//   - Tokens are compared in constant time, by their digests; neither they nor
//     what callers sent is kept, logged or put into a message.
//   - Ten refusals of a host within a minute: all its further connections are
//     refused for a minute, whatever they show. Connections that have shown a
//     good token within the last minute go on undisturbed, so that one wrong
//     worker does not stop its neighbours.
//   - Callers over a Unix socket, or within the process, need no token: the
//     file system has let them in.
//
// Memory is bounded: the 1,024 hosts that failed last, 8,192 connections.
// Pure logic with an injected steady clock. Thread-safe; a call costs a hash of
// the token and a lock, under a microsecond.
#ifndef STARLING_AGGREGATOR_ACCESS_H_
#define STARLING_AGGREGATOR_ACCESS_H_

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/role.h"

namespace starling {

class Access {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Options {
    // None: everybody may do everything.
    std::map<Role, std::string> tokens;
    std::function<Time()> now = std::chrono::steady_clock::now;
    // Told of hosts that are refused: at most ten times a minute. May be empty.
    std::function<void(const std::string&)> report;
  };

  explicit Access(Options options);

  bool asks_for_tokens() const { return !digests_.empty(); }

  // Whether a caller may do what `needed` may.
  //
  //   peer           as gRPC names it: "ipv4:10.0.0.7:4711", "unix:"
  //   authorization  the call's metadata of that name: "Bearer TOKEN"
  //
  // Unauthenticated: no token, or none of ours; PermissionDenied: of another
  // role; both are marked (base/refusal.h). ResourceExhausted: refused without
  // a look for so many seconds.
  absl::Status Check(absl::string_view peer, absl::string_view authorization,
                     Role needed);

  // Which of `peers` have not shown a good token within the last minute.
  std::vector<std::string> Strangers(std::vector<std::string> peers);

 private:
  struct Host {
    // Refusals within the last minute, oldest first; empty while blocked.
    std::deque<Time> failures;
    Time last_failure{};
    Time blocked_until{};
  };

  // nullptr for a token that is nobody's.
  const Role* Find(absl::string_view authorization) const;
  absl::Status Refuse(const std::string& host, absl::StatusCode code,
                      const std::string& message, Time now);
  void Report(const std::string& line, Time now);
  void Remember(const std::string& peer, Time now);

  std::map<Role, std::string> digests_;
  const std::function<Time()> now_;
  const std::function<void(const std::string&)> report_;

  std::mutex mutex_;
  // All guarded by mutex_.
  std::unordered_map<std::string, Host> hosts_;
  // Connections that have shown a good token, and when they last did.
  std::unordered_map<std::string, Time> trusted_;
  std::deque<Time> reports_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_ACCESS_H_
