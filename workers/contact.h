// Whether the aggregator still answers: when to call it again after a failed
// call, when to complain of its silence, when to give up.
//
// Pure logic with an injected steady clock. Not thread-safe.
#ifndef STARLING_WORKERS_CONTACT_H_
#define STARLING_WORKERS_CONTACT_H_

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace starling {

struct ContactRules {
  // After so long without an answer: give up. 0: never.
  std::chrono::milliseconds give_up_after{0};
  // Pauses after failed calls: each twice the last, within these.
  std::chrono::milliseconds min_pause{500};
  std::chrono::milliseconds max_pause{5'000};
  // Without an answer for so long the log says so, and again every so often.
  std::chrono::milliseconds complain_after{3'000};
  std::chrono::milliseconds complain_every{30'000};
};

class Contact {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `address`: the aggregator's, for messages. Silence counts from `now`.
  Contact(std::string address, const ContactRules& rules, Time now);

  // A call went well.
  void Succeeded(Time now);
  // Something was heard, if not what was wished for: it lives.
  void Heard(Time now) { last_answer_ = now; }
  // A call failed without a word of the aggregator's own. Begins a pause,
  // except after a call that ran into its deadline: that has waited long
  // enough.
  void Failed(const absl::Status& error, Time now);

  // Why nothing is heard, for the next complaint.
  void Explain(const absl::Status& reason) { last_error_ = reason; }

  // No call before. The past, if none has failed.
  Time pause_until() const { return pause_until_; }
  // Unavailable once the silence has lasted too long.
  absl::Status CheckPatience(Time now) const;
  // Whether the log should say something of the silence now. `silent_by_right`
  // is how long nothing need come while all is well.
  bool MustComplain(Time now, std::chrono::milliseconds silent_by_right) const;
  // What it should say, with sentences on the probable causes.
  std::string Complaint(Time now, const std::string& causes);

 private:
  const std::string address_;
  const ContactRules rules_;
  Time last_answer_;
  std::chrono::milliseconds pause_{0};
  Time pause_until_{};
  std::optional<Time> complained_at_;
  absl::Status last_error_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_CONTACT_H_
