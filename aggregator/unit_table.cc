// Sessions and leases. Answers: unit_table_answers.cc.
#include <algorithm>
#include <utility>

#include "aggregator/unit_table.h"
#include "base/log.h"

namespace starling {
namespace {

constexpr size_t kDurationsKept = 256;
constexpr size_t kRefreshEvery = 16;

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

// Whether one copy more may be out.
bool UnitTable::MayHoldMore(const Unit& unit) const {
  return static_cast<int>(unit.live.size()) <
         Missing(unit) + rules_.max_copies - 1;
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
