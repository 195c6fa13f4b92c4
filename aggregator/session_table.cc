#include "aggregator/session_table.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace starling {
namespace {

constexpr size_t kResultsJudged = 50;
constexpr int kRejectedAllowed = 10;
constexpr size_t kGoneKept = 8192;

// 128 bits that nobody can guess.
std::string NewId() {
  std::random_device device;
  return absl::StrFormat("%08x%08x%08x%08x", device(), device(), device(),
                         device());
}

}  // namespace

absl::StatusOr<Session*> SessionTable::Add(const v1::RegisterRequest& request,
                                           Time now) {
  if (size() >= rules_.max_sessions) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", size(),
                     " workers already, as many as one "
                     "aggregator serves; use fewer with more slots each"));
  }
  const double most = rules_.max_new_per_second;
  const std::chrono::duration<double> since =
      allowance_at_.has_value() ? now - *allowance_at_
                                : std::chrono::duration<double>(1);
  new_allowance_ = std::min(most, new_allowance_ + since.count() * most);
  allowance_at_ = now;
  if (new_allowance_ < 1) {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", rules_.max_new_per_second,
                     " workers a second register; try again"));
  }
  new_allowance_ -= 1;
  Session session{.number = next_number_++,
                  .id = NewId(),
                  .host = request.host(),
                  .pid = request.pid(),
                  .slots = static_cast<int>(request.slots()),
                  .last_heard = now,
                  .broken_at = std::nullopt,
                  .noise_checked = std::nullopt,
                  .rejected = {}};
  std::string id = session.id;
  return &sessions_.emplace(std::move(id), std::move(session)).first->second;
}

Session* SessionTable::Hear(const std::string& id, Time now) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  found->second.last_heard = now;
  found->second.broken_at.reset();
  return &found->second;
}

std::optional<uint64_t> SessionTable::NumberOf(const std::string& id) const {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) return found->second.number;
  const auto gone = gone_.find(id);
  if (gone != gone_.end()) return gone->second;
  return std::nullopt;
}

const Session* SessionTable::Find(const std::string& id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void SessionTable::Break(const std::string& id, Time now) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second.broken_at = now;
}

bool SessionTable::Judge(Session& session, bool rejected) {
  session.rejected.push_back(rejected);
  if (session.rejected.size() > kResultsJudged) session.rejected.pop_front();
  const auto bad =
      std::count(session.rejected.begin(), session.rejected.end(), true);
  if (session.quarantined || bad <= kRejectedAllowed) return false;
  session.quarantined = true;
  return true;
}

void SessionTable::Remove(const std::string& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  Bury(found->second);
  sessions_.erase(found);
}

std::vector<Session> SessionTable::Sweep(Time now) {
  std::vector<Session> dead;
  for (auto& [id, session] : sessions_) {
    const bool silent =
        now - session.last_heard >= rules_.heartbeat * rules_.missed_heartbeats;
    const bool broken = session.broken_at.has_value() &&
                        now - *session.broken_at >= rules_.reconnect_wait;
    if (silent || broken) dead.push_back(session);
  }
  for (const Session& session : dead) Remove(session.id);
  return dead;
}

int SessionTable::num_quarantined() const {
  return static_cast<int>(std::count_if(
      sessions_.begin(), sessions_.end(),
      [](const auto& entry) { return entry.second.quarantined; }));
}

void SessionTable::Bury(const Session& session) {
  gone_[session.id] = session.number;
  gone_order_.push_back(session.id);
  if (gone_order_.size() > kGoneKept) {
    gone_.erase(gone_order_.front());
    gone_order_.pop_front();
  }
}

}  // namespace starling
