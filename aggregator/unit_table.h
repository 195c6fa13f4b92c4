// Who holds which unit of the current generation, and what came back.
//
// Pure logic: no threads, no network, no clock (every call is told the time,
// from a steady clock). A unit is open until enough sessions have given the
// same answer: one, or two where it is audited. A lease that is lost (its time
// is up, its session died, it was given back) returns the unit, and never
// counts against it. Because an answer is a pure function of the unit, it does
// not matter whose is taken.
//
//   Stragglers  When nothing is pending, an idle slot gets a copy of the oldest
//               outstanding unit, once that is older than `straggler_factor`
//               times the 95th percentile of unit durations. At most
//               `max_copies` at a time; the loser is cancelled.
//   Failures    Only reports of living workers count. DIVERGED is an answer.
//               CRASHED and ENV_ERROR end a unit at `max_reports` reports, by
//               two sessions if a second one lives. STUCK never ends a unit:
//               with as many reports of it the run can't go on (stuck_unit).
//   Audits      Two sessions must give the same bits; while there is but one,
//               its word is taken, unless every unit is audited.
//   Disputes    Answers that differ, wherever they turn up, make further
//               sessions answer until two agree. The others are convicted: what
//               they alone have said in this generation is asked again.
//   Prefetch    A session holds at most slots + ceil(slots / 4) leases, and
//               more than its slots only while every slot of every session can
//               still get a unit: nobody idles while another one hoards.
//
// Not thread-safe. Each call is O(log n) a unit it touches, Expire and the
// session calls O(outstanding leases), Inherit and Convict O(n).
#ifndef STARLING_AGGREGATOR_UNIT_TABLE_H_
#define STARLING_AGGREGATOR_UNIT_TABLE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/types/span.h"
#include "aggregator/ballot.h"
#include "proto/work.pb.h"

namespace starling {

struct LeaseRules {
  // A lease lasts 5 times the 95th percentile of unit durations, within these
  // limits; heartbeats renew it.
  std::chrono::milliseconds min_ttl{10'000};
  std::chrono::milliseconds max_ttl{600'000};
  int max_copies = 2;
  int max_reports = 3;
  double straggler_factor = 1.5;
  // A lease that its session does not list in a heartbeat so long after it was
  // given never arrived.
  std::chrono::milliseconds lost_after{4'000};
};

class UnitTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;
  using SessionId = uint64_t;
  using LeaseId = uint64_t;
  using Verdict = v1::WorkReply::Verdict;

  // The answer's lease was given by an earlier life of the aggregator.
  static constexpr LeaseId kForgottenLease = 0;

  struct Grant {
    LeaseId lease;
    int unit;
    std::chrono::milliseconds ttl;
  };
  struct Submission {
    Verdict verdict;
    // It counts from now on: it is worth storing.
    bool counts = false;
    // Why it was rejected.
    std::string detail;
  };
  struct Counters {
    uint64_t accepted = 0;
    uint64_t duplicates = 0;
    uint64_t stale = 0;
    uint64_t rejected = 0;
    uint64_t failure_reports = 0;
    uint64_t copies = 0;
    uint64_t expirations = 0;
    // Units that two sessions have answered alike because of an audit.
    uint64_t audits = 0;
    // Answers that differ from an earlier one: some worker computes other bits.
    uint64_t disagreements = 0;
  };

  // Leases are numbered from first_lease >= 1 on. `audit_all`: no answer is
  // taken on one session's word.
  UnitTable(const LeaseRules& rules, LeaseId first_lease,
            bool audit_all = false);

  // A new generation of n >= 1 pending units; all leases of the last one end.
  // `audited[i]`: unit i is (none beyond the end of it).
  void Start(uint64_t generation, int n, const std::vector<bool>& audited = {});

  void AddSession(SessionId session, int slots);
  // Its leases return. Unknown sessions are ignored.
  void Drop(SessionId session);
  // `heir` is the same worker process, registered again: the leases and answers
  // of `session` in this generation, lost ones too, count as its own.
  void Inherit(SessionId session, SessionId heir);
  // Gives back what the session has not answered; it gets nothing more.
  void Quarantine(SessionId session);
  // Takes back what the session alone has answered in this generation: those
  // units are open again. The session need not live.
  void Retract(SessionId session);

  // Up to `want` units for a session.
  std::vector<Grant> Acquire(SessionId session, int want, Time now);
  // Takes an answer whose contents are valid (result_check).
  Submission Submit(SessionId session, LeaseId lease,
                    const v1::RolloutResult& result, Time now);
  // Renews the leases that a session holds; also lost ones whose unit still
  // needs an answer. Others of the session return, unless they are too young to
  // have arrived. Answers those that need not be finished.
  std::vector<LeaseId> Heartbeat(SessionId session,
                                 absl::Span<const LeaseId> held, Time now);
  // Returns units whose leases are over.
  void Expire(Time now);
  // Takes an answer that `session` gave in an earlier life of the aggregator,
  // before any lease is given. False: there is no such unit.
  bool Preload(SessionId session, const v1::RolloutResult& result);
  // Sessions that were outvoted since the last call, each once; they need not
  // live. To be quarantined, and retracted.
  std::vector<SessionId> TakeConvicted();

  bool complete() const { return num_done_ == num_units(); }
  // That was taken of a unit that is done.
  const v1::RolloutResult& result(int unit) const;
  // A unit of this generation that was STUCK `max_reports` times, if there is
  // one.
  std::optional<int> stuck_unit() const { return stuck_unit_; }
  // All of them, when complete; once. What comes in later is stale.
  std::vector<v1::RolloutResult> TakeResults();
  uint64_t generation() const { return generation_; }
  int num_units() const { return static_cast<int>(units_.size()); }
  int num_done() const { return num_done_; }
  int num_pending() const { return static_cast<int>(pending_.size()); }
  int num_outstanding() const { return static_cast<int>(live_.size()); }
  int total_slots() const { return total_slots_; }
  const Counters& counters() const { return counters_; }
  // When a straggler may next get a copy, if one may.
  std::optional<Time> next_copy() const;
  // Units that only a session which isn't there could answer: another one is
  // needed for an audit, a dispute, or the last word on a failure.
  int num_starved() const;
  // Of one unit: done, or pending where fewer copies are out than answers are
  // missing.
  bool done(int unit) const { return units_[unit].done; }
  bool pending(int unit) const { return pending_.count(unit) > 0; }
  int missing(int unit) const { return Missing(units_[unit]); }
  int copies(int unit) const {
    return static_cast<int>(units_[unit].live.size());
  }

 private:
  struct Unit {
    bool done = false;
    bool audited = false;
    std::vector<LeaseId> live;
    // Of CRASHED and ENV_ERROR, and of STUCK: by whom.
    std::vector<SessionId> reports;
    std::vector<SessionId> stuck_reports;
    // Of everything else. Decided if done.
    Ballot ballot;
    // It failed for good, which no answer can change.
    std::optional<v1::RolloutResult> failure;
  };
  struct Lease {
    int unit;
    SessionId session;
    Time granted;
    Time expiry;
    bool live;
    bool answered;
  };
  struct Session {
    int slots = 1;
    std::set<LeaseId> live;
    bool quarantined = false;
  };

  // Null for leases of other generations.
  Lease* Find(LeaseId lease);
  Grant Give(SessionId id, Session& session, int unit, Time now);
  // Ends a live lease.
  void Close(LeaseId id, Lease& lease);
  // Ends a live lease without an answer.
  void Lose(LeaseId id, Lease& lease);
  // The first pending unit that the session may take; -1: none.
  int NextPending(SessionId session) const;
  // The oldest unit that may be copied for the session; -1: none.
  int NextCopy(SessionId session, Time now) const;
  bool BarredFrom(const Unit& unit, SessionId session) const;
  bool NeedsAnother(const std::vector<SessionId>& reports,
                    SessionId session) const;
  // How many more sessions have to give the answer that most have given.
  int Missing(const Unit& unit) const;
  bool MayHoldMore(const Unit& unit) const;
  // Settles the unit, or makes it pending, as its votes demand.
  void Review(int index);
  void ReviewAudits();
  // Whether that is enough of them.
  bool TakeReport(SessionId session, std::vector<SessionId>& reports);
  void Vote(int index, SessionId session, const v1::RolloutResult& result);
  void Settle(int index);
  void Convict(SessionId session);
  void ReturnLeases(Session& session);
  void Observe(Duration duration);
  std::chrono::milliseconds ttl() const;

  const LeaseRules rules_;
  const bool audit_all_;
  LeaseId first_lease_;  // of this generation
  uint64_t generation_ = 0;
  std::vector<Unit> units_;
  std::set<int> pending_;
  std::vector<Lease> leases_;  // lease id - first_lease_
  std::set<LeaseId> live_;     // oldest first
  std::unordered_map<SessionId, Session> sessions_;
  int total_slots_ = 0;
  // Not in quarantine.
  int num_trusted_ = 0;
  std::vector<SessionId> convicted_;
  int num_done_ = 0;
  std::optional<int> stuck_unit_;
  bool is_taken_ = false;
  Counters counters_;
  std::vector<Duration> durations_;  // a ring of the last ones
  size_t num_observed_ = 0;
  std::optional<Duration> p95_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_UNIT_TABLE_H_
