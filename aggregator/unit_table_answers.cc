// What comes of answers: votes, failures, who may say more. Leases:
// unit_table.cc.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "aggregator/unit_table.h"
#include "base/log.h"

namespace starling {
namespace {

bool IsFailure(const v1::RolloutResult& result) {
  return result.status() == v1::RolloutResult::CRASHED ||
         result.status() == v1::RolloutResult::ENV_ERROR ||
         result.status() == v1::RolloutResult::STUCK;
}

// "OK, returns 1.5 2, lengths 200 200"
std::string Describe(const v1::RolloutResult& result) {
  const auto exactly = [](std::string* out, double number) {
    absl::StrAppendFormat(out, "%.17g", number);
  };
  return absl::StrCat(v1::RolloutResult::Status_Name(result.status()),
                      ", returns ",
                      absl::StrJoin(result.returns(), " ", exactly),
                      ", lengths ", absl::StrJoin(result.lengths(), " "));
}

}  // namespace

void UnitTable::Retract(SessionId session) {
  for (int i = 0; i < num_units(); ++i) {
    Unit& unit = units_[i];
    if (!unit.ballot.Retract(session) || unit.failure.has_value()) continue;
    if (std::exchange(unit.done, false)) --num_done_;
    Review(i);
  }
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

void UnitTable::Vote(int index, SessionId session,
                     const v1::RolloutResult& result) {
  Unit& unit = units_[index];
  const bool was_disputed = unit.ballot.is_disputed();
  if (!unit.ballot.Add(session, result) && !was_disputed) {
    ++counters_.disagreements;
    LOG(ERROR) << "two workers disagree on unit " << index << " of generation "
               << generation_ << ": {" << Describe(unit.ballot.leader())
               << "} and {" << Describe(result)
               << "}. One of them computes other bits; others decide which";
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

}  // namespace starling
