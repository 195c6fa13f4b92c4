// The loop of the coordinator's thread, and what it does between events.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/coordinator.h"
#include "aggregator/result_check.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPublishEvery{200};
constexpr milliseconds kSweepEvery{100};

}  // namespace

void Coordinator::Run() {
  while (!quit_) {
    for (EventQueue::Event& event : queue_.Take(NextWake(Clock::now()))) {
      event();
    }
    if (quit_) break;
    const Time now = Clock::now();
    SweepSessions(now);
    JudgeConvicted();
    if (backlog_.Commit(now)) {
      if (table_.complete() &&
          (state_ == State::kTraining || state_ == State::kStopping)) {
        CloseGeneration();
      }
      AnswerHeld(now);
    }
    ServeParked(now);
    backlog_.Upkeep(now, writer_->state().durable_generation);
    MaybeCheckpoint(now);
    AnswerCheckpoints();
    MaybeEnd(now);
    if (changed_ || now - published_ >= kPublishEvery) Publish(now);
  }
  // Whoever still waits must not wait for ever.
  for (std::list<WaitingCall>* calls : {&parked_, &held_}) {
    for (WaitingCall& call : *calls) {
      call.reply(absl::UnavailableError("the aggregator has ended"));
    }
  }
  for (WaitingCheckpoint& call : waiting_checkpoints_) {
    call.reply(absl::UnavailableError("the aggregator has ended"));
  }
}

Coordinator::Time Coordinator::NextWake(Time now) const {
  Time wake = now + std::min(kPublishEvery, options_.sessions.heartbeat);
  if (backlog_.has_answers()) wake = std::min(wake, backlog_.next_commit());
  if (state_ == State::kStopping) wake = std::min(wake, stop_by_);
  if (!parked_.empty() && state_ == State::kTraining) {
    wake = std::min(wake, parked_.front().until);
    // A copy that nobody who waits may have must not keep us awake.
    const std::optional<Time> copy = table_.next_copy();
    if (copy.has_value() && !paused_) {
      wake = std::min(wake, std::max(*copy, now + milliseconds(5)));
    }
  }
  return wake;
}

void Coordinator::SweepSessions(Time now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + std::min(kSweepEvery, options_.sessions.heartbeat / 4);
  for (const Session& session : sessions_.Sweep(now)) {
    LOG(WARNING) << "the worker on " << session.host << " (process "
                 << session.pid << ") fell silent; its work goes to others";
    table_.Drop(session.number);
    facts_.AddLostWorker();
    metrics_.AddLoss(session.broken_at.has_value()
                         ? Metrics::Loss::kDisconnected
                         : Metrics::Loss::kSilent);
    serve_all_ = changed_ = true;
  }
  table_.Expire(now);
}

void Coordinator::EndStuck(const v1::RolloutResult& result) {
  if (state_ != State::kTraining && state_ != State::kStopping) return;
  const v1::WorkUnit& unit = trainer_->units()[*table_.stuck_unit()];
  const absl::Status status = absl::AbortedError(absl::StrCat(
      "generation ", unit.generation(), ": unit ", unit.index(),
      " was ended ", options_.leases.max_reports,
      " times by the step watchdog (", result.detail(),
      "). Time never leaves a unit out, so training can't go on: the "
      "environment must be mended, or workers get a longer --step_timeout",
      failed_units_.Reproduction(trainer_->state(), unit, result)));
  LOG(ERROR) << "training failed: " << status.message();
  BeginEnd(status);
}

void Coordinator::CloseGeneration() {
  const std::vector<v1::RolloutResult> results = table_.TakeResults();
  failed_units_.Note(trainer_->state(), trainer_->units(), results,
                     Clock::now());
  const Time began = Clock::now();
  absl::StatusOr<Progress> progress = trainer_->Advance(results);
  const Time now = Clock::now();
  metrics_.ObserveUpdate(now - began);
  if (generation_began_.has_value()) {
    metrics_.ObserveGeneration(now - *generation_began_);
  }
  generation_began_ = now;
  if (!progress.ok()) {
    const absl::Status status(
        progress.status().code(),
        absl::StrCat(progress.status().message(),
                     failed_units_.Reproduction(
                         trainer_->state(), trainer_->units(), results)));
    LOG(ERROR) << "training failed: " << status.message();
    BeginEnd(status);
    return;
  }
  generation_closed_ = true;
  NoteProgress(*progress);
  BeginGeneration();
}

void Coordinator::BeginGeneration() {
  changed_ = true;
  if (trainer_->finished()) {
    BeginEnd(absl::OkStatus());
    return;
  }
  authors_.clear();
  table_.Start(trainer_->state().generation(),
               static_cast<int>(trainer_->units().size()), DrawAudits());
  leased_at_.assign(trainer_->units().size(), std::nullopt);
  previous_blob_ = std::move(blob_);
  previous_digest_ = std::move(blob_digest_);
  blob_ = std::make_shared<const std::string>(
      SerializeDeterministically(trainer_->state()));
  blob_digest_ = Sha256(*blob_);
}

void Coordinator::NoteProgress(const Progress& progress) {
  facts_.AddGeneration(progress);
  backlog_.AddProgress(progress, ElapsedSeconds(Clock::now()));
  if (options_.on_generation) options_.on_generation(progress);
}

void Coordinator::AnswerHeld(Time now) {
  std::list<WaitingCall> calls = std::exchange(held_, {});
  for (WaitingCall& call : calls) {
    FillReply(call.session_id, call.want, now, &call.answer);
    call.reply(std::move(call.answer));
  }
}

void Coordinator::ServeParked(Time now) {
  // With a thousand calls held, most rounds must not look at them.
  const std::optional<Time> copy = table_.next_copy();
  const bool has_units = !paused_ && (table_.num_pending() > 0 ||
                                      (copy.has_value() && *copy <= now));
  if (!serve_all_ && state_ == State::kTraining && !has_units &&
      (parked_.empty() || parked_.front().until > now)) {
    return;
  }
  serve_all_ = false;
  for (auto it = parked_.begin(); it != parked_.end();) {
    v1::WorkReply& answer = it->answer;
    FillReply(it->session_id, it->want, now, &answer);
    if (sessions_.Find(it->session_id) == nullptr) {
      it->reply(absl::UnauthenticatedError("unknown session; register again"));
    } else if (answer.leases_size() > 0 || answer.finished() ||
               answer.drain() || it->until <= now) {
      it->reply(std::move(answer));
    } else {
      ++it;
      continue;
    }
    it = parked_.erase(it);
  }
}

bool Coordinator::IsOver() const {
  return (state_ == State::kEnding || state_ == State::kEnded) &&
         !absl::IsCancelled(status_) && !IsGoingBack();
}

bool Coordinator::MustDrain() const {
  return state_ != State::kTraining && !IsOver() && !IsGoingBack();
}

void Coordinator::FillReply(const std::string& session_id, int want, Time now,
                            v1::WorkReply* reply) {
  const Session* session = sessions_.Find(session_id);
  const bool is_leaving = session != nullptr && session->draining;
  reply->set_drain(MustDrain() || is_leaving);
  reply->set_finished(IsOver());
  if (state_ != State::kTraining || paused_ || session == nullptr ||
      session->quarantined || is_leaving) {
    return;
  }
  for (const auto& grant : table_.Acquire(session->number, want, now)) {
    if (!leased_at_[grant.unit].has_value()) leased_at_[grant.unit] = now;
    v1::Lease* lease = reply->add_leases();
    lease->set_lease_id(grant.lease);
    *lease->mutable_unit() = trainer_->units()[grant.unit];
    lease->set_ttl_ms(static_cast<uint32_t>(grant.ttl.count()));
  }
  if (reply->leases_size() == 0) return;
  metrics_.AddLeases(reply->leases_size());
  reply->set_state_sha256(blob_digest_);
}

void Coordinator::MaybeCheckpoint(Time now) {
  const bool is_due = !last_checkpoint_.has_value() ||
                      (generation_closed_ &&
                       now >= *last_checkpoint_ + options_.checkpoint_every);
  const bool is_last = state_ == State::kEnding && !last_one_submitted_;
  if (!is_last && (!is_due || state_ != State::kTraining)) return;
  last_one_submitted_ = is_last;
  SubmitCheckpoint(now);
}

uint64_t Coordinator::SubmitCheckpoint(Time now) {
  last_checkpoint_ = now;
  generation_closed_ = false;
  v1::Checkpoint checkpoint = trainer_->Save();
  checkpoint.set_elapsed_s(ElapsedSeconds(now));
  if (fingerprint_.has_value()) {
    *checkpoint.mutable_fingerprint() = *fingerprint_;
  }
  return writer_->Submit(std::move(checkpoint));
}

void Coordinator::BeginEnd(absl::Status status) {
  state_ = State::kEnding;
  status_ = std::move(status);
  end_began_ = Clock::now();
  changed_ = true;
}

void Coordinator::MaybeEnd(Time now) {
  if (state_ == State::kStopping &&
      (now >= stop_by_ ||
       (table_.num_outstanding() == 0 && !backlog_.has_answers()))) {
    BeginEnd(absl::CancelledError("stopped; the same command goes on"));
    MaybeCheckpoint(now);
    ServeParked(now);
  }
  if (state_ != State::kEnding) return;
  const CheckpointWriter::State disk = writer_->state();
  const bool is_saved = last_one_submitted_ && disk.idle &&
                        !backlog_.has_answers() && !backlog_.has_progress();
  if (!is_saved && now < end_began_ + options_.last_checkpoint) return;
  const bool must_tell = !sessions_.empty() && !IsGoingBack();
  if (must_tell && now < end_began_ + options_.linger) return;
  if (!is_saved && status_.ok()) {
    status_ = absl::Status(
        disk.last_error.ok() ? absl::StatusCode::kUnavailable
                             : disk.last_error.code(),
        absl::StrCat("training is over, but its end could not be saved: ",
                     disk.last_error.message(),
                     "; mend that and give the same command again"));
  }
  state_ = State::kEnded;
  Publish(now);
  for (WaitingCall& call : held_) {
    call.reply(absl::UnavailableError("the aggregator has ended"));
  }
  held_.clear();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    result_ = status_;
    must_go_back_to_ = suspect_;
  }
  ended_.notify_all();
}

double Coordinator::ElapsedSeconds(Time now) const {
  return elapsed_before_s_ +
         std::chrono::duration<double>(now - began_).count();
}

void Coordinator::Publish(Time now) {
  changed_ = false;
  published_ = now;
  using Phase = Snapshot::Phase;
  const Phase phase = state_ == State::kTraining   ? Phase::kTraining
                      : state_ == State::kStopping ? Phase::kStopping
                      : state_ == State::kEnding   ? Phase::kEnding
                      : status_.ok()               ? Phase::kFinished
                      : absl::IsCancelled(status_) ? Phase::kStopped
                                                   : Phase::kFailed;
  auto snapshot = std::make_shared<const Snapshot>(
      facts_.Build({.phase = phase,
                    .generation = trainer_->state().generation(),
                    .elapsed_s = ElapsedSeconds(now),
                    .sessions = sessions_,
                    .units = table_,
                    .checkpoints = writer_->state(),
                    .store_warning = backlog_.warning(),
                    .paused = paused_,
                    .queue_length = queue_.size()},
                   now));
  std::lock_guard<std::mutex> lock(mutex_);
  snapshot_ = std::move(snapshot);
}

}  // namespace starling
