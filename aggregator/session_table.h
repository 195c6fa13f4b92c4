// The workers that have registered, and whether they still live.
//
// Pure logic with an injected steady clock, like UnitTable. Not thread-safe.
#ifndef STARLING_AGGREGATOR_SESSION_TABLE_H_
#define STARLING_AGGREGATOR_SESSION_TABLE_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "aggregator/standing.h"
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
  // What people call it; others may be called the same.
  std::string name;
  std::string host;
  int64_t pid;
  int slots;
  std::chrono::steady_clock::time_point registered;
  std::chrono::steady_clock::time_point last_heard;
  // When a held call broke off, if nothing was heard since.
  std::optional<std::chrono::steady_clock::time_point> broken_at;
  // The last generation in which it drew the noise that it should.
  std::optional<uint64_t> noise_checked;
  // Of this worker; others that it has had share it.
  std::shared_ptr<Standing> standing;
  // An answer with the standing has been handed on for storing.
  bool is_on_record = false;
  // Of its last 50 results: which were rejected.
  std::deque<bool> rejected;
  // Of all its results: how many were what.
  uint64_t num_accepted = 0;
  uint64_t num_rejected = 0;
  // Too many bad results, or convicted: gets no more leases.
  bool quarantined = false;
  // An operator sends it away: gets no more leases and is told to leave.
  bool draining = false;

  // First digits of the id: enough for people, and too few to take its place.
  std::string short_id() const { return id.substr(0, 8); }
};

class SessionTable {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What a session is for people: the first of these that holds.
  enum class State { kQuarantined, kDraining, kSuspect, kActive };
  // How many sessions are what.
  struct Counts {
    int quarantined = 0, draining = 0, suspect = 0, active = 0;
  };

  explicit SessionTable(const SessionRules& rules) : rules_(rules) {}

  // ResourceExhausted: too many sessions, or too many new ones this second.
  absl::StatusOr<Session*> Add(const v1::RegisterRequest& request, Time now);
  // A living session, and notes that it was heard; null if there is none.
  Session* Hear(const std::string& id, Time now);
  // The same without noting anything.
  const Session* Find(const std::string& id) const;
  // Of a session, dead ones of the last while included.
  struct Identity {
    uint64_t number;
    std::shared_ptr<Standing> standing;
  };
  std::optional<Identity> IdentityOf(const std::string& id) const;
  // The same for a session of an earlier life of the aggregator that isn't
  // known; from now on it is, as a dead one.
  Identity Remember(const std::string& id, Standing standing);
  // kSuspect: silent for longer than two heartbeats.
  State StateOf(const Session& session, Time now) const;
  Counts CountStates(Time now) const;
  // All of them, by name, then by id. For people: O(n log n).
  std::vector<const Session*> List() const;
  // The one that is called `word`, or whose id begins with it (4 digits at
  // least). NotFound: none; InvalidArgument: several. Both list whom there is.
  absl::StatusOr<Session*> Resolve(const std::string& word);
  // A call that was held for this session broke off.
  void Break(const std::string& id, Time now);
  // Notes one result; true if the session is in quarantine from now on.
  bool Judge(Session& session, bool rejected);
  // The living sessions of a worker get no more leases.
  void Quarantine(const Standing& standing);
  void Remove(const std::string& id);
  // Removes the sessions that have died, and answers them.
  std::vector<Session> Sweep(Time now);

  bool empty() const { return sessions_.empty(); }
  int size() const { return static_cast<int>(sessions_.size()); }
  int num_quarantined() const;

 private:
  void Bury(const std::string& id, Identity identity);

  const SessionRules rules_;
  std::unordered_map<std::string, Session> sessions_;
  // Sessions that are gone, the oldest first.
  std::unordered_map<std::string, Identity> gone_;
  std::deque<std::string> gone_order_;
  uint64_t next_number_ = 1;
  double new_allowance_ = 0;
  std::optional<Time> allowance_at_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SESSION_TABLE_H_
