// The workers that have registered, and whether they still live.
//
// Pure logic with an injected steady clock, like UnitTable. Not thread-safe.
#ifndef STARLING_AGGREGATOR_SESSION_TABLE_H_
#define STARLING_AGGREGATOR_SESSION_TABLE_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/work.pb.h"

namespace starling {

struct SessionRules {
  std::chrono::milliseconds heartbeat{2'000};
  // A session that was silent for so many heartbeats is dead.
  int missed_heartbeats = 4;
  // So is one whose held call broke and who was silent for so long since.
  std::chrono::milliseconds reconnect_wait{2'000};
  int max_sessions = 4096;
  int max_new_per_second = 200;
};

struct Session {
  uint64_t number;
  std::string id;
  std::string host;
  int64_t pid;
  int slots;
  std::chrono::steady_clock::time_point last_heard;
  // When a held call broke off, if nothing was heard since.
  std::optional<std::chrono::steady_clock::time_point> broken_at;
  // The last generation in which it drew the noise that it should.
  std::optional<uint64_t> noise_checked;
  // Of its last 50 results: which were rejected.
  std::deque<bool> rejected;
  // Too many bad results: gets no more leases.
  bool quarantined = false;
};

class SessionTable {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit SessionTable(const SessionRules& rules) : rules_(rules) {}

  // ResourceExhausted: too many sessions, or too many new ones this second.
  absl::StatusOr<Session*> Add(const v1::RegisterRequest& request, Time now);
  // A living session, and notes that it was heard; null if there is none.
  Session* Hear(const std::string& id, Time now);
  // The same without noting anything.
  const Session* Find(const std::string& id) const;
  // The number of a session, dead ones of the last while included.
  std::optional<uint64_t> NumberOf(const std::string& id) const;
  // A call that was held for this session broke off.
  void Break(const std::string& id, Time now);
  // Notes one result; true if the session is in quarantine from now on.
  bool Judge(Session& session, bool rejected);
  void Remove(const std::string& id);
  // Removes the sessions that have died, and answers them.
  std::vector<Session> Sweep(Time now);

  bool empty() const { return sessions_.empty(); }
  int size() const { return static_cast<int>(sessions_.size()); }
  int num_quarantined() const;

 private:
  void Bury(const Session& session);

  const SessionRules rules_;
  std::unordered_map<std::string, Session> sessions_;
  // Numbers of sessions that are gone, the oldest first.
  std::unordered_map<std::string, uint64_t> gone_;
  std::deque<std::string> gone_order_;
  uint64_t next_number_ = 1;
  double new_allowance_ = 0;
  std::optional<Time> allowance_at_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SESSION_TABLE_H_
