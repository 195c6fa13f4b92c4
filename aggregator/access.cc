#include "aggregator/access.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/refusal.h"

namespace starling {
namespace {

constexpr std::chrono::seconds kWindow{60};
constexpr size_t kMaxFailures = 10;
constexpr size_t kMaxReports = 10;
constexpr size_t kMaxHosts = 1024;
constexpr size_t kMaxConnections = 8192;
// Nothing longer can be a token of ours.
constexpr size_t kMaxAuthorization = 4096;

// "ipv4:10.0.0.7:4711" -> "10.0.0.7"; "ipv6:%5B::1%5D:4711" -> "::1".
std::string HostOf(absl::string_view peer) {
  peer.remove_prefix(std::min(peer.find(':') + 1, peer.size()));
  peer = peer.substr(0, peer.rfind(':'));
  if (absl::StartsWith(peer, "%5B")) peer.remove_prefix(3);
  if (absl::EndsWith(peer, "%5D")) peer.remove_suffix(3);
  return std::string(peer);
}

bool IsLocal(absl::string_view peer) {
  return absl::StartsWith(peer, "unix:") || absl::StartsWith(peer, "inproc");
}

// Makes room for one more: drops what `age` says is oldest.
template <typename Map, typename Age>
void MakeRoom(Map* map, size_t limit, const Age& age) {
  if (map->size() < limit) return;
  map->erase(std::min_element(map->begin(), map->end(),
                              [&](const auto& a, const auto& b) {
                                return age(a.second) < age(b.second);
                              }));
}

}  // namespace

Access::Access(Options options)
    : now_(std::move(options.now)), report_(std::move(options.report)) {
  for (const auto& [role, token] : options.tokens) {
    digests_[role] = Sha256(token);
  }
}

const Role* Access::Find(absl::string_view authorization) const {
  constexpr absl::string_view kScheme = "bearer ";
  if (authorization.size() > kMaxAuthorization ||
      !absl::StartsWithIgnoreCase(authorization, kScheme)) {
    return nullptr;
  }
  const std::string digest =
      Sha256(absl::StripAsciiWhitespace(authorization.substr(kScheme.size())));
  // All are compared, whichever fits.
  const Role* found = nullptr;
  for (const auto& [role, own] : digests_) {
    if (CRYPTO_memcmp(digest.data(), own.data(), own.size()) == 0) {
      found = &role;
    }
  }
  return found;
}

absl::Status Access::Check(absl::string_view peer,
                           absl::string_view authorization, Role needed) {
  if (!asks_for_tokens() || IsLocal(peer)) return absl::OkStatus();
  const std::string connection(peer), host = HostOf(peer);
  const Role* const role = Find(authorization);
  const Time now = now_();

  const std::lock_guard<std::mutex> lock(mutex_);
  const auto trusted = trusted_.find(connection);
  const bool is_trusted =
      trusted != trusted_.end() && now - trusted->second < kWindow;
  const auto known = hosts_.find(host);
  if (!is_trusted && known != hosts_.end() &&
      now < known->second.blocked_until) {
    const int64_t left = std::chrono::ceil<std::chrono::seconds>(
                             known->second.blocked_until - now)
                             .count();
    return absl::ResourceExhaustedError(
        absl::StrCat("too many calls from ", host,
                     " were refused for their tokens; it is "
                     "heard again in ",
                     left, " s"));
  }
  if (role != nullptr && MayAct(*role, needed)) {
    if (is_trusted) {
      trusted->second = now;
    } else {
      Remember(connection, now);
    }
    return absl::OkStatus();
  }
  if (trusted != trusted_.end()) trusted_.erase(trusted);
  if (role == nullptr) {
    return Refuse(host, absl::StatusCode::kUnauthenticated,
                  authorization.empty()
                      ? "the call shows no token; start with --tls and the "
                        "folder that `starling certs worker` made"
                      : "the token is none of this cluster's; is the folder of "
                        "--tls from the same `starling certs init`?",
                  now);
  }
  return Refuse(host, absl::StatusCode::kPermissionDenied,
                absl::StrCat("the token is a ", RoleName(*role),
                             "'s, and this call needs the role ",
                             RoleName(needed),
                             "; make a folder with `starling certs worker "
                             "--role ",
                             RoleName(needed), "`"),
                now);
}

std::vector<std::string> Access::Strangers(std::vector<std::string> peers) {
  const Time now = now_();
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto is_known = [&](const std::string& peer) {
    const auto it = trusted_.find(peer);
    return it != trusted_.end() && now - it->second < kWindow;
  };
  peers.erase(std::remove_if(peers.begin(), peers.end(), is_known),
              peers.end());
  return peers;
}

absl::Status Access::Refuse(const std::string& name, absl::StatusCode code,
                            const std::string& message, Time now) {
  auto it = hosts_.find(name);
  if (it == hosts_.end()) {
    MakeRoom(&hosts_, kMaxHosts, [](const Host& h) { return h.last_failure; });
    it = hosts_.emplace(name, Host()).first;
  }
  Host& host = it->second;
  host.last_failure = now;
  while (!host.failures.empty() && now - host.failures.front() >= kWindow) {
    host.failures.pop_front();
  }
  host.failures.push_back(now);
  if (host.failures.size() == 1) {
    Report(absl::StrCat("refused a call from ", name, ": ", message), now);
  }
  if (host.failures.size() >= kMaxFailures) {
    host.failures.clear();
    host.blocked_until = now + kWindow;
    Report(absl::StrCat(kMaxFailures, " calls from ", name, " within ",
                        kWindow.count(),
                        " s had wrong tokens; its new "
                        "connections are refused for ",
                        kWindow.count(), " s"),
           now);
  }
  return TokenRefused(code, message);
}

void Access::Report(const std::string& line, Time now) {
  while (!reports_.empty() && now - reports_.front() >= kWindow) {
    reports_.pop_front();
  }
  if (!report_ || reports_.size() >= kMaxReports) return;
  reports_.push_back(now);
  report_(line);
}

void Access::Remember(const std::string& peer, Time now) {
  if (trusted_.size() >= kMaxConnections) {
    for (auto it = trusted_.begin(); it != trusted_.end();) {
      it = now - it->second >= kWindow ? trusted_.erase(it) : std::next(it);
    }
  }
  MakeRoom(&trusted_, kMaxConnections, [](Time last) { return last; });
  trusted_[peer] = now;
}

}  // namespace starling
