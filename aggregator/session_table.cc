#include "aggregator/session_table.h"

#include <algorithm>
#include <random>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/protocol.h"

namespace starling {
namespace {

constexpr size_t kResultsJudged = 50;
constexpr int kRejectedAllowed = 10;
constexpr size_t kGoneKept = 8192;
// Fewer first digits of an id mean nobody.
constexpr size_t kMinIdDigits = 4;
constexpr size_t kListed = 10;

// 128 bits that nobody can guess.
std::string NewId() {
  std::random_device device;
  return absl::StrFormat("%08x%08x%08x%08x", device(), device(), device(),
                         device());
}

// HOST-PID, as far as a name may hold it.
std::string DefaultName(const std::string& host, int64_t pid) {
  const std::string end = absl::StrCat("-", pid);
  std::string name =
      host.empty() ? "worker" : host.substr(0, kMaxNameBytes - end.size());
  for (char& c : name) {
    if (!IsPlainName(std::string(1, c))) c = '_';
  }
  return name + end;
}

// "a (0123abcd), b (4567cdef) and 3 others"
std::string Describe(const std::vector<const Session*>& sessions) {
  std::vector<std::string> words;
  for (const Session* session : sessions) {
    if (words.size() == kListed) break;
    words.push_back(
        absl::StrCat(session->name, " (", session->short_id(), ")"));
  }
  std::string text = absl::StrJoin(words, ", ");
  if (sessions.size() > kListed) {
    absl::StrAppend(&text, " and ", sessions.size() - kListed, " others");
  }
  return text;
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
                  .name = request.name().empty()
                              ? DefaultName(request.host(), request.pid())
                              : request.name(),
                  .host = request.host(),
                  .pid = request.pid(),
                  .slots = static_cast<int>(request.slots()),
                  .registered = now,
                  .last_heard = now,
                  .broken_at = std::nullopt,
                  .noise_checked = std::nullopt,
                  .standing = std::make_shared<Standing>(),
                  .rejected = {}};
  session.standing->origin = session.id;
  session.standing->who = absl::StrCat("the worker on ", session.host,
                                       " (process ", session.pid, ")");
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

std::optional<SessionTable::Identity> SessionTable::IdentityOf(
    const std::string& id) const {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) {
    return Identity{found->second.number, found->second.standing};
  }
  const auto gone = gone_.find(id);
  if (gone != gone_.end()) return gone->second;
  return std::nullopt;
}

SessionTable::Identity SessionTable::Remember(const std::string& id,
                                              Standing standing) {
  // All sessions of a worker are one.
  const std::string origin = standing.origin;
  std::optional<Identity> identity = IdentityOf(origin);
  if (!identity.has_value()) {
    identity = {next_number_++,
                std::make_shared<Standing>(std::move(standing))};
    Bury(origin, *identity);
  }
  if (id != origin) Bury(id, *identity);
  return *identity;
}

const Session* SessionTable::Find(const std::string& id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void SessionTable::Break(const std::string& id, Time now) {
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second.broken_at = now;
}

SessionTable::State SessionTable::StateOf(const Session& session,
                                          Time now) const {
  if (session.quarantined) return State::kQuarantined;
  if (session.draining) return State::kDraining;
  return now - session.last_heard > 2 * rules_.heartbeat ? State::kSuspect
                                                         : State::kActive;
}

SessionTable::Counts SessionTable::CountStates(Time now) const {
  Counts counts;
  for (const auto& [id, session] : sessions_) {
    switch (StateOf(session, now)) {
      case State::kQuarantined:
        ++counts.quarantined;
        break;
      case State::kDraining:
        ++counts.draining;
        break;
      case State::kSuspect:
        ++counts.suspect;
        break;
      case State::kActive:
        ++counts.active;
        break;
    }
  }
  return counts;
}

std::vector<const Session*> SessionTable::List() const {
  std::vector<const Session*> list;
  for (const auto& [id, session] : sessions_) list.push_back(&session);
  std::sort(list.begin(), list.end(), [](const Session* a, const Session* b) {
    return std::tie(a->name, a->id) < std::tie(b->name, b->id);
  });
  return list;
}

absl::StatusOr<Session*> SessionTable::Resolve(const std::string& word) {
  std::vector<const Session*> meant;
  for (const Session* session : List()) {
    const bool is_id =
        word.size() >= kMinIdDigits && absl::StartsWith(session->id, word);
    if (session->name == word || is_id) meant.push_back(session);
  }
  if (meant.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", word, "' may mean ", meant.size(),
                     " workers: ", Describe(meant), "; say which by its id"));
  }
  if (meant.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "there is no worker '", word, "'; ",
        sessions_.empty() ? "none is connected"
                          : absl::StrCat("connected: ", Describe(List()))));
  }
  return &sessions_.find(meant[0]->id)->second;
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

void SessionTable::Quarantine(const Standing& standing) {
  for (auto& [id, session] : sessions_) {
    if (session.standing.get() == &standing) session.quarantined = true;
  }
}

void SessionTable::Remove(const std::string& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  Bury(id, {found->second.number, found->second.standing});
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

void SessionTable::Bury(const std::string& id, Identity identity) {
  gone_[id] = std::move(identity);
  gone_order_.push_back(id);
  if (gone_order_.size() > kGoneKept) {
    gone_.erase(gone_order_.front());
    gone_order_.pop_front();
  }
}

}  // namespace starling
