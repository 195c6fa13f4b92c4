// Where a worker stands with its aggregator: it asks what the run is, registers
// with what it built for it, then works under a session until that is lost.
//
//   kQuestion -> Learned -> kRegistration -> Join -> kWork -> Lose -> kQuestion
//
// Pure logic. Not thread-safe.
#ifndef STARLING_WORKERS_MEMBERSHIP_H_
#define STARLING_WORKERS_MEMBERSHIP_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "proto/work.pb.h"

namespace starling {

class Membership {
 public:
  // What is to be done next.
  enum class Phase { kQuestion, kRegistration, kWork };

  Phase phase() const { return phase_; }
  bool is_working() const { return phase_ == Phase::kWork; }

  // The question was answered. Leases of the last session are worth nothing if
  // it is another run than before.
  void Learned(bool is_other_run);
  // A session has begun. True if it is the first with this life of the
  // aggregator, which gives out its units anew.
  bool Join(const v1::RegisterReply& reply);
  // The aggregator does not know `session`: ask again, unless another one has
  // begun meanwhile.
  void Lose(const std::string& session);

  // Whether leases that came under `session` are to be worked on: not if a
  // later answer has overtaken them.
  bool Admit(const std::string& session, uint64_t generation);

  const std::string& session() const { return session_; }
  // The lost one, whose leases go to the next; "" for none.
  const std::string& previous_session() const { return previous_session_; }
  // Between heartbeats, as the aggregator wishes.
  std::chrono::milliseconds heartbeat() const { return heartbeat_; }
  // Says who asks, in a WorkRequest or a HeartbeatRequest.
  template <typename Request>
  void Sign(Request* request) const {
    request->set_session(session_);
    request->set_incarnation(incarnation_);
  }

 private:
  Phase phase_ = Phase::kQuestion;
  std::string session_, previous_session_;
  uint64_t incarnation_ = 0;
  // Of the newest leases in this session.
  uint64_t generation_ = 0;
  std::chrono::milliseconds heartbeat_{2'000};
};

}  // namespace starling

#endif  // STARLING_WORKERS_MEMBERSHIP_H_
