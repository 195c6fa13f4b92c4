#include "workers/membership.h"

#include <algorithm>

namespace starling {

void Membership::Learned(bool is_other_run) {
  phase_ = Phase::kRegistration;
  if (is_other_run) previous_session_.clear();
}

bool Membership::Join(const v1::RegisterReply& reply) {
  const bool is_another_life = reply.incarnation() != incarnation_;
  phase_ = Phase::kWork;
  session_ = reply.session();
  incarnation_ = reply.incarnation();
  generation_ = 0;
  heartbeat_ = std::chrono::milliseconds(std::max(reply.heartbeat_ms(), 1u));
  return is_another_life;
}

void Membership::Lose(const std::string& session) {
  if (!is_working() || session != session_) return;
  previous_session_ = session_;
  phase_ = Phase::kQuestion;
}

bool Membership::Admit(const std::string& session, uint64_t generation) {
  if (session != session_ || generation < generation_) return false;
  generation_ = generation;
  return true;
}

}  // namespace starling
