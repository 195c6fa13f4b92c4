#include "aggregator/unit_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace starling {
namespace {

constexpr size_t kDurationsKept = 256;
constexpr size_t kRefreshEvery = 16;

bool IsFailure(const v1::RolloutResult& result) {
  return result.status() == v1::RolloutResult::CRASHED ||
         result.status() == v1::RolloutResult::ENV_ERROR ||
         result.status() == v1::RolloutResult::STUCK;
}

}  // namespace

UnitTable::UnitTable(const LeaseRules& rules, LeaseId first_lease,
                     bool audit_all)
    : rules_(rules), audit_all_(audit_all), first_lease_(first_lease) {
  CHECK_GT(first_lease, kForgottenLease);
}

void UnitTable::Start(uint64_t generation, int n,
                      const std::vector<bool>& audited) {
  CHECK_GE(n, 1);
  first_lease_ += leases_.size();
  leases_.clear();
  live_.clear();
  for (auto& [id, session] : sessions_) session.live.clear();
  generation_ = generation;
  units_.assign(n, Unit());
  for (int i = 0; i < n; ++i) {
    units_[i].audited =
        audit_all_ || (i < static_cast<int>(audited.size()) && audited[i]);
  }
  convicted_.clear();
  pending_.clear();
  for (int i = 0; i < n; ++i) pending_.insert(pending_.end(), i);
  num_done_ = 0;
  stuck_unit_.reset();
  is_taken_ = false;
}

void UnitTable::AddSession(SessionId session, int slots) {
  CHECK_GE(slots, 1);
  const bool is_new =
      sessions_.emplace(session, Session{.slots = slots, .live = {}}).second;
  CHECK(is_new) << "session " << session << " is there already";
  total_slots_ += slots;
  ++num_trusted_;
  ReviewAudits();
}

void UnitTable::Drop(SessionId session) {
  Quarantine(session);
  sessions_.erase(session);
}

void UnitTable::Quarantine(SessionId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.quarantined) return;
  ReturnLeases(found->second);
  found->second.quarantined = true;
  total_slots_ -= found->second.slots;
  --num_trusted_;
  ReviewAudits();
}

void UnitTable::ReturnLeases(Session& session) {
  const std::set<LeaseId> held = session.live;
  for (const LeaseId lease : held) Lose(lease, *Find(lease));
}

void UnitTable::Inherit(SessionId session, SessionId heir) {
  const auto to = sessions_.find(heir);
  CHECK(to != sessions_.end());
  const auto from = sessions_.find(session);
  if (from != sessions_.end()) from->second.live.clear();
  for (size_t i = 0; i < leases_.size(); ++i) {
    if (leases_[i].session != session) continue;
    leases_[i].session = heir;
    if (leases_[i].live) to->second.live.insert(first_lease_ + i);
  }
  for (Unit& unit : units_) {
    for (auto* reports : {&unit.reports, &unit.stuck_reports}) {
      std::replace(reports->begin(), reports->end(), session, heir);
    }
    unit.ballot.Rename(session, heir);
  }
  std::replace(convicted_.begin(), convicted_.end(), session, heir);
}

void UnitTable::Retract(SessionId session) {
  for (int i = 0; i < num_units(); ++i) {
    Unit& unit = units_[i];
    if (!unit.ballot.Retract(session) || unit.failure.has_value()) continue;
    if (std::exchange(unit.done, false)) --num_done_;
    Review(i);
  }
}

std::vector<UnitTable::Grant> UnitTable::Acquire(SessionId id, int want,
                                                 Time now) {
  std::vector<Grant> grants;
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.quarantined) return grants;
  Session& session = found->second;
  const int most = session.slots + (session.slots + 3) / 4;
  while (static_cast<int>(grants.size()) < want) {
    const int held = static_cast<int>(session.live.size());
    const bool idle = held < session.slots;
    int unit = -1;
    if (!pending_.empty()) {
      const bool plenty = num_pending() > total_slots_;
      if (held < most && (idle || plenty)) unit = NextPending(id);
    }
    if (unit < 0 && idle) {
      unit = NextCopy(id, now);
      if (unit >= 0) ++counters_.copies;
    }
    if (unit < 0) break;
    grants.push_back(Give(id, session, unit, now));
  }
  return grants;
}

UnitTable::Submission UnitTable::Submit(SessionId session, LeaseId id,
                                        const v1::RolloutResult& result,
                                        Time now) {
  if (result.generation() < generation_ ||
      (is_taken_ && result.generation() == generation_)) {
    ++counters_.stale;
    return {v1::WorkReply::STALE, false, ""};
  }
  const auto reject = [&](std::string detail) {
    ++counters_.rejected;
    return Submission{v1::WorkReply::REJECTED, false, std::move(detail)};
  };
  if (result.generation() > generation_) {
    return reject(absl::StrCat("generation ", result.generation(),
                               " has not begun; now is ", generation_));
  }
  if (result.index() >= units_.size()) {
    return reject(absl::StrCat("there is no unit ", result.index(),
                               "; generation ", generation_, " has ",
                               units_.size()));
  }
  const int index = static_cast<int>(result.index());
  const auto found = sessions_.find(session);
  if (found != sessions_.end() && found->second.quarantined) {
    return reject("this worker is in quarantine");
  }
  bool delivered_before = false;
  if (id != kForgottenLease) {
    Lease* lease = Find(id);
    if (lease == nullptr || lease->session != session) {
      return reject(absl::StrCat("lease ", id, " is not of this session"));
    }
    if (lease->unit != index) {
      return reject(absl::StrCat("lease ", id, " is for unit ", lease->unit,
                                 ", not for unit ", index));
    }
    if (lease->live) Close(id, *lease);
    delivered_before = lease->answered;
    if (!delivered_before) Observe(now - lease->granted);
    lease->answered = true;
  }

  Unit& unit = units_[index];
  const auto duplicate = [&] {
    Review(index);
    ++counters_.duplicates;
    return Submission{v1::WorkReply::DUPLICATE, false, ""};
  };
  if (IsFailure(result)) {
    if (unit.done || delivered_before) return duplicate();
    ++counters_.accepted;
    ++counters_.failure_reports;
    const bool is_stuck = result.status() == v1::RolloutResult::STUCK;
    const bool is_enough =
        TakeReport(session, is_stuck ? unit.stuck_reports : unit.reports);
    if (is_stuck && is_enough) stuck_unit_ = index;
    const bool fails = is_enough && !is_stuck;
    if (fails) {
      unit.failure = result;
      Settle(index);
    }
    Review(index);
    return {v1::WorkReply::ACCEPTED, fails, ""};
  }
  if (unit.failure.has_value()) return duplicate();

  switch (unit.ballot.Compare(session, result)) {
    case Ballot::Before::kTheSame:
      return duplicate();
    case Ballot::Before::kAnother:
      // Nothing that it says is worth anything.
      ++counters_.disagreements;
      Convict(session);
      return reject("differs from what this worker answered before");
    case Ballot::Before::kNothing:
      break;
  }
  const bool was_done = unit.done;
  Vote(index, session, result);
  if (was_done && unit.done) {
    // Late, and the same; or outvoted at once.
    const std::vector<SessionId> outvoted = unit.ballot.Outvoted();
    if (std::count(outvoted.begin(), outvoted.end(), session) == 0) {
      return duplicate();
    }
    return reject("two other workers agree on another answer");
  }
  ++counters_.accepted;
  return {v1::WorkReply::ACCEPTED, true, ""};
}

std::vector<UnitTable::LeaseId> UnitTable::Heartbeat(
    SessionId id, absl::Span<const LeaseId> held, Time now) {
  std::vector<LeaseId> cancel;
  const auto found = sessions_.find(id);
  for (const LeaseId lease_id : held) {
    Lease* lease = Find(lease_id);
    if (found == sessions_.end() || lease == nullptr || lease->session != id ||
        lease->answered || units_[lease->unit].done) {
      cancel.push_back(lease_id);
      continue;
    }
    if (!lease->live) {
      Unit& unit = units_[lease->unit];
      if (!MayHoldMore(unit) || unit.ballot.HasVoted(id) ||
          found->second.quarantined) {
        cancel.push_back(lease_id);
        continue;
      }
      // It was thought lost, but its worker is still at it.
      lease->live = true;
      unit.live.push_back(lease_id);
      live_.insert(lease_id);
      found->second.live.insert(lease_id);
      Review(lease->unit);
    }
    lease->expiry = now + ttl();
  }
  if (found == sessions_.end()) return cancel;
  const std::set<LeaseId> listed(held.begin(), held.end());
  const std::set<LeaseId> live = found->second.live;
  for (const LeaseId lease_id : live) {
    Lease& lease = *Find(lease_id);
    if (listed.count(lease_id) == 0 &&
        now - lease.granted >= rules_.lost_after) {
      Lose(lease_id, lease);
    }
  }
  return cancel;
}

void UnitTable::Expire(Time now) {
  const std::vector<LeaseId> live(live_.begin(), live_.end());
  for (const LeaseId id : live) {
    Lease* lease = Find(id);
    if (lease->expiry > now) continue;
    ++counters_.expirations;
    Lose(id, *lease);
  }
}

bool UnitTable::Preload(SessionId session, const v1::RolloutResult& result) {
  if (result.generation() != generation_ || result.index() >= units_.size()) {
    return false;
  }
  const int index = static_cast<int>(result.index());
  Unit& unit = units_[index];
  if (unit.failure.has_value()) return true;
  if (IsFailure(result)) {
    unit.failure = result;
    if (!unit.done) Settle(index);
  } else if (!unit.ballot.HasVoted(session)) {
    Vote(index, session, result);
  }
  return true;
}

const v1::RolloutResult& UnitTable::result(int unit) const {
  CHECK(units_[unit].done);
  return units_[unit].failure.has_value() ? *units_[unit].failure
                                          : units_[unit].ballot.leader();
}

std::vector<v1::RolloutResult> UnitTable::TakeResults() {
  CHECK(complete() && !is_taken_);
  is_taken_ = true;
  std::vector<v1::RolloutResult> results;
  results.reserve(units_.size());
  for (Unit& unit : units_) {
    results.push_back(unit.failure.has_value() ? *std::move(unit.failure)
                                               : unit.ballot.TakeLeader());
  }
  return results;
}

std::vector<UnitTable::SessionId> UnitTable::TakeConvicted() {
  return std::exchange(convicted_, {});
}

int UnitTable::num_starved() const {
  int n = 0;
  for (const int unit : pending_) {
    const bool has_taker = std::any_of(
        sessions_.begin(), sessions_.end(), [&](const auto& entry) {
          return !entry.second.quarantined &&
                 !BarredFrom(units_[unit], entry.first);
        });
    if (!has_taker) ++n;
  }
  return n;
}

std::optional<UnitTable::Time> UnitTable::next_copy() const {
  if (!p95_.has_value() || !pending_.empty()) return std::nullopt;
  for (const LeaseId id : live_) {
    const Lease& lease = leases_[id - first_lease_];
    if (MayHoldMore(units_[lease.unit])) {
      return lease.granted + std::chrono::duration_cast<Duration>(
                                 *p95_ * rules_.straggler_factor);
    }
  }
  return std::nullopt;
}

UnitTable::Lease* UnitTable::Find(LeaseId id) {
  if (id < first_lease_ || id - first_lease_ >= leases_.size()) return nullptr;
  return &leases_[id - first_lease_];
}

UnitTable::Grant UnitTable::Give(SessionId id, Session& session, int unit,
                                 Time now) {
  const LeaseId lease = first_lease_ + leases_.size();
  leases_.push_back({.unit = unit,
                     .session = id,
                     .granted = now,
                     .expiry = now + ttl(),
                     .live = true,
                     .answered = false});
  units_[unit].live.push_back(lease);
  live_.insert(live_.end(), lease);
  session.live.insert(session.live.end(), lease);
  Review(unit);
  return {lease, unit, ttl()};
}

void UnitTable::Close(LeaseId id, Lease& lease) {
  lease.live = false;
  live_.erase(id);
  std::erase(units_[lease.unit].live, id);
  const auto owner = sessions_.find(lease.session);
  if (owner != sessions_.end()) owner->second.live.erase(id);
}

void UnitTable::Lose(LeaseId id, Lease& lease) {
  Close(id, lease);
  Review(lease.unit);
}

int UnitTable::NextPending(SessionId session) const {
  for (const int unit : pending_) {
    if (!BarredFrom(units_[unit], session)) return unit;
  }
  return -1;
}

int UnitTable::NextCopy(SessionId session, Time now) const {
  if (!p95_.has_value()) return -1;
  const auto old_enough = now - std::chrono::duration_cast<Duration>(
                                    *p95_ * rules_.straggler_factor);
  for (const LeaseId id : live_) {
    const Lease& lease = leases_[id - first_lease_];
    if (lease.granted > old_enough) break;
    const Unit& unit = units_[lease.unit];
    if (MayHoldMore(unit) && !BarredFrom(unit, session)) return lease.unit;
  }
  return -1;
}

// Whether the next word has to come from another session.
bool UnitTable::BarredFrom(const Unit& unit, SessionId session) const {
  if (unit.ballot.HasVoted(session)) return true;
  const auto is_its = [&](LeaseId lease) {
    return leases_[lease - first_lease_].session == session;
  };
  if (std::any_of(unit.live.begin(), unit.live.end(), is_its)) return true;
  return NeedsAnother(unit.reports, session) ||
         NeedsAnother(unit.stuck_reports, session);
}

// Whether the last report has to come from another session.
bool UnitTable::NeedsAnother(const std::vector<SessionId>& reports,
                             SessionId session) const {
  return static_cast<int>(reports.size()) >= rules_.max_reports - 1 &&
         (audit_all_ || num_trusted_ > 1) &&
         std::all_of(reports.begin(), reports.end(),
                     [&](SessionId by) { return by == session; });
}

int UnitTable::Missing(const Unit& unit) const {
  if (unit.done) return 0;
  const bool is_audited = unit.audited && (audit_all_ || num_trusted_ > 1);
  return (unit.ballot.is_disputed() || is_audited ? 2 : 1) -
         unit.ballot.most();
}

// Whether one copy more may be out.
bool UnitTable::MayHoldMore(const Unit& unit) const {
  return static_cast<int>(unit.live.size()) <
         Missing(unit) + rules_.max_copies - 1;
}

void UnitTable::Vote(int index, SessionId session,
                     const v1::RolloutResult& result) {
  Unit& unit = units_[index];
  const bool was_disputed = unit.ballot.is_disputed();
  if (!unit.ballot.Add(session, result) && !was_disputed) {
    ++counters_.disagreements;
    LOG(ERROR) << "two workers disagree on unit " << index << " of generation "
               << generation_ << ": {"
               << unit.ballot.leader().ShortDebugString() << "}, and {"
               << result.ShortDebugString()
               << "}. One of them computes other bits; others decide which.";
    // One word against another, even if one had been taken already.
    if (unit.done && unit.ballot.most() < 2) {
      unit.done = false;
      --num_done_;
    }
  }
  if (unit.done) {
    for (const SessionId by : unit.ballot.Outvoted()) Convict(by);
  }
  Review(index);
}

void UnitTable::Review(int index) {
  Unit& unit = units_[index];
  if (unit.done) return;
  const int missing = Missing(unit);
  if (missing <= 0) {
    if (unit.audited && unit.ballot.most() > 1) ++counters_.audits;
    Settle(index);
    for (const SessionId by : unit.ballot.Outvoted()) Convict(by);
  } else if (static_cast<int>(unit.live.size()) < missing) {
    pending_.insert(index);
  } else {
    pending_.erase(index);
  }
}

// How many sessions there are decides whether audits are possible.
void UnitTable::ReviewAudits() {
  for (int i = 0; i < num_units(); ++i) {
    if (units_[i].audited) Review(i);
  }
}

bool UnitTable::TakeReport(SessionId session, std::vector<SessionId>& reports) {
  reports.push_back(session);
  if (static_cast<int>(reports.size()) < rules_.max_reports) return false;
  const std::set<SessionId> by(reports.begin(), reports.end());
  return by.size() >= 2 || (!audit_all_ && num_trusted_ < 2);
}

void UnitTable::Settle(int index) {
  Unit& unit = units_[index];
  unit.done = true;
  ++num_done_;
  pending_.erase(index);
  const std::vector<LeaseId> losers = unit.live;
  for (const LeaseId id : losers) Close(id, *Find(id));
}

void UnitTable::Convict(SessionId session) {
  if (std::find(convicted_.begin(), convicted_.end(), session) ==
      convicted_.end()) {
    convicted_.push_back(session);
  }
}

void UnitTable::Observe(Duration duration) {
  if (durations_.size() < kDurationsKept) {
    durations_.push_back(duration);
  } else {
    durations_[num_observed_ % kDurationsKept] = duration;
  }
  ++num_observed_;
  if (num_observed_ > kRefreshEvery && num_observed_ % kRefreshEvery != 0) {
    return;
  }
  std::vector<Duration> sorted = durations_;
  const auto p95 = sorted.begin() + (sorted.size() - 1) * 95 / 100;
  std::nth_element(sorted.begin(), p95, sorted.end());
  p95_ = *p95;
}

std::chrono::milliseconds UnitTable::ttl() const {
  if (!p95_.has_value()) return rules_.min_ttl;
  const auto wanted =
      std::chrono::duration_cast<std::chrono::milliseconds>(5 * *p95_);
  return std::clamp(wanted, rules_.min_ttl, rules_.max_ttl);
}

}  // namespace starling
