// Who has answered what, and what becomes of those whose answers prove wrong.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/coordinator.h"
#include "aggregator/result_check.h"
#include "base/log.h"

namespace starling {

std::optional<uint64_t> Coordinator::suspect_generation() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return must_go_back_to_;
}

std::vector<bool> Coordinator::DrawAudits() {
  std::bernoulli_distribution is_audited(experiment_.audit_fraction());
  std::vector<bool> audited(trainer_->units().size());
  for (size_t i = 0; i < audited.size(); ++i) {
    audited[i] = is_audited(audit_draws_);
  }
  return audited;
}

std::optional<SessionTable::Identity> Coordinator::FindIdentity(
    const std::string& session) {
  if (session.empty()) return std::nullopt;
  std::optional<SessionTable::Identity> identity =
      sessions_.IdentityOf(session);
  if (identity.has_value()) return identity;
  absl::StatusOr<std::optional<Standing>> standing =
      storage_->StandingOf(session);
  if (!standing.ok()) {
    LOG(WARNING) << standing.status()
                 << "; a worker that registers again counts as a new one";
    return std::nullopt;
  }
  if (!standing->has_value()) return std::nullopt;
  return sessions_.Remember(session, **std::move(standing));
}

void Coordinator::Preload() {
  if (state_ != State::kTraining) return;
  absl::StatusOr<std::vector<SessionResult>> answers =
      storage_->Results(table_.generation());
  if (!answers.ok()) {
    LOG(WARNING) << answers.status()
                 << "; what was stored is computed once more";
    return;
  }
  for (SessionResult& answer : *answers) {
    const v1::RolloutResult& result = answer.result;
    if (result.index() >= trainer_->units().size()) continue;
    const absl::Status status =
        CheckResult(trainer_->units()[result.index()], result, env_spec_);
    if (!status.ok()) {
      LOG(WARNING) << "a stored answer is not valid: " << status.message();
      continue;
    }
    std::optional<SessionTable::Identity> author =
        sessions_.IdentityOf(answer.session);
    if (!author.has_value()) {
      answer.standing.who = "a worker of an earlier start";
      author = sessions_.Remember(answer.session, std::move(answer.standing));
    }
    authors_.try_emplace(author->number, author->standing);
    table_.Preload(author->number, result);
  }
}

void Coordinator::RecordAnswer(Session& session,
                               const v1::RolloutResult& result) {
  Standing& standing = *session.standing;
  // Where everything is audited, an answer that counts has been confirmed.
  if (!standing.first_generation.has_value() &&
      experiment_.audit_fraction() < 1) {
    standing.first_generation = result.generation();
  }
  backlog_.AddAnswer(
      {.session = session.id,
       .standing = standing,
       .is_first = !std::exchange(session.is_on_record, true),
       .result = result});
}

void Coordinator::JudgeConvicted() {
  if (state_ != State::kTraining && state_ != State::kStopping) return;
  // What is taken back may convict others.
  for (std::vector<uint64_t> sessions = table_.TakeConvicted();
       !sessions.empty(); sessions = table_.TakeConvicted()) {
    for (const uint64_t session : sessions) {
      const auto author = authors_.find(session);
      CHECK(author != authors_.end()) << "session " << session;
      Convict(author->second, session);
    }
    serve_all_ = changed_ = true;
  }
  if (!suspect_.has_value() || state_ != State::kTraining) return;
  BeginEnd(absl::AbortedError(absl::StrCat(
      "generation ", *suspect_,
      " and later ones may have learned from wrong answers (the log says "
      "whose); the run has to go back to its newest checkpoint that is not "
      "younger")));
  // What there is now is not worth one.
  last_one_submitted_ = true;
}

void Coordinator::Convict(const std::shared_ptr<Standing>& standing,
                          uint64_t session) {
  sessions_.Quarantine(*standing);
  table_.Quarantine(session);
  table_.Retract(session);
  if (std::exchange(standing->convicted, true)) return;
  std::optional<uint64_t> suspect = standing->first_generation;
  if (suspect.has_value() && *suspect >= table_.generation()) suspect.reset();
  backlog_.Convict(*standing, suspect);
  LOG(ERROR) << standing->who
             << " gets no more work: other workers agree on another answer "
                "than it has given. Its machine computes other bits, or its "
                "program has been changed. What it has answered in generation "
             << table_.generation() << " is asked again"
             << (suspect.has_value()
                     ? absl::StrCat("; its answers count since generation ",
                                    *suspect)
                     : "");
  if (suspect.has_value()) {
    suspect_ = std::min(*suspect, suspect_.value_or(*suspect));
  }
}

}  // namespace starling
