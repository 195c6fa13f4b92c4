#include "base/grpc_log.h"

#include <grpc/support/log.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/log.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kOncePer{1};
// Messages are kept apart by their texts, as long as there are few.
constexpr size_t kMaxKinds = 64;

class Quota {
 public:
  // Whether `text` may be logged now; `left_out` counts its equals since then.
  bool Take(const std::string& text, uint64_t* left_out) {
    const Clock::time_point now = Clock::now();
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool has_room = kinds_.size() < kMaxKinds;
    const auto [it, is_new] = kinds_.try_emplace(has_room ? text : "");
    Kind& kind = it->second;
    if (!is_new && now - kind.logged < kOncePer) {
      ++kind.left_out;
      return false;
    }
    *left_out = kind.left_out;
    kind = {now, 0};
    return true;
  }

 private:
  struct Kind {
    Clock::time_point logged{};
    uint64_t left_out = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Kind> kinds_;  // guarded by mutex_
};

struct Witnesses {
  std::mutex mutex;
  // Guarded by mutex.
  std::set<const std::function<std::string()>*> describe;
};
Witnesses& AllWitnesses() {
  static auto* witnesses = new Witnesses;  // used until the process ends
  return *witnesses;
}

std::string Testimony(absl::string_view message) {
  std::string text;
  if (!absl::StrContains(message, "Handshake failed")) return text;
  const std::lock_guard<std::mutex> lock(AllWitnesses().mutex);
  for (const auto* describe : AllWitnesses().describe) text += (*describe)();
  return text;
}

void Log(gpr_log_func_args* message) {
  static auto* quota = new Quota;  // used until the process ends
  if (message->severity != GPR_LOG_SEVERITY_ERROR) {
    VLOG(1) << "gRPC: " << message->message;
    return;
  }
  uint64_t left_out = 0;
  if (!quota->Take(message->message, &left_out)) return;
  LOG(WARNING) << "gRPC: " << message->message << Testimony(message->message)
               << (left_out == 0 ? ""
                                 : absl::StrCat(" (and ", left_out,
                                                " times since the last line)"));
}

}  // namespace

HandshakeWitness::HandshakeWitness(std::function<std::string()> describe)
    : describe_(std::move(describe)) {
  const std::lock_guard<std::mutex> lock(AllWitnesses().mutex);
  AllWitnesses().describe.insert(&describe_);
}
HandshakeWitness::~HandshakeWitness() {
  const std::lock_guard<std::mutex> lock(AllWitnesses().mutex);
  AllWitnesses().describe.erase(&describe_);
}

void RouteGrpcLog() {
  static std::once_flag once;
  std::call_once(once, [] { gpr_set_log_function(Log); });
}

}  // namespace starling
