#include "aggregator/coordinator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/handshake.h"
#include "aggregator/result_check.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kLeaseBits = 40;  // of a lease's id; the rest is the incarnation

absl::Status UnknownSession() {
  return absl::UnauthenticatedError("unknown session; register again");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Create(
    const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
    std::unique_ptr<Trainer> trainer, std::unique_ptr<Storage> storage,
    const std::optional<v1::Checkpoint>& checkpoint,
    CoordinatorOptions options) {
  ASSIGN_OR_RETURN(const uint64_t incarnation, storage->NextIncarnation());
  std::unique_ptr<Coordinator> coordinator(
      new Coordinator(experiment, env_spec, std::move(trainer),
                      std::move(storage), std::move(options), incarnation));
  RETURN_IF_ERROR(coordinator->TakeUp(checkpoint));
  Coordinator* self = coordinator.get();
  coordinator->writer_ = std::make_unique<CheckpointWriter>(
      [self](v1::Checkpoint checkpoint) {
        const Time began = Clock::now();
        absl::Status status =
            self->storage_->SaveCheckpoint(std::move(checkpoint));
        self->metrics_.ObserveCheckpoint(Clock::now() - began);
        return status;
      },
      self->options_.retry, [self] { self->queue_.Post([] {}); });
  coordinator->Publish(Clock::now());
  coordinator->thread_ = std::thread([self] { self->Run(); });
  return coordinator;
}

Coordinator::Coordinator(const v1::Experiment& experiment,
                         const v1::EnvSpec& env_spec,
                         std::unique_ptr<Trainer> trainer,
                         std::unique_ptr<Storage> storage,
                         CoordinatorOptions options, uint64_t incarnation)
    : experiment_(experiment),
      env_spec_(env_spec),
      options_(std::move(options)),
      incarnation_(incarnation),
      queue_(options_.max_queue),
      trainer_(std::move(trainer)),
      storage_(std::move(storage)),
      backlog_(storage_.get(), options_.retry),
      table_(options_.leases, (incarnation << kLeaseBits) + 1,
             /*audit_all=*/experiment.audit_fraction() >= 1),
      sessions_(options_.sessions),
      fingerprint_(options_.fingerprint),
      noise_audit_(&trainer_->noise(),
                   trainer_->state().distribution().mean_size()),
      failed_units_(experiment, options_.run_directory),
      began_(Clock::now()),
      facts_(incarnation),
      snapshot_(std::make_shared<Snapshot>(facts_.snapshot())) {}

Coordinator::~Coordinator() {
  if (thread_.joinable()) {
    queue_.Post([this] { quit_ = true; });
    thread_.join();
  }
  writer_.reset();
}

absl::Status Coordinator::TakeUp(
    const std::optional<v1::Checkpoint>& checkpoint) {
  if (checkpoint.has_value()) {
    RETURN_IF_ERROR(trainer_->Restore(*checkpoint));
    elapsed_before_s_ = checkpoint->elapsed_s();
    if (checkpoint->has_best()) {
      facts_.SetBest(checkpoint->best().fixed_return());
    }
    if (checkpoint->has_fingerprint()) {
      if (fingerprint_.has_value()) {
        RETURN_IF_ERROR(CompareFingerprints(*fingerprint_, "this program",
                                            checkpoint->fingerprint(),
                                            "the run's checkpoint"));
      }
      fingerprint_ = checkpoint->fingerprint();
    }
  }
  RETURN_IF_ERROR(
      storage_->ResumeFrom(trainer_->state().generation()));
  if (checkpoint.has_value()) last_checkpoint_ = Time::min();
  // Generations whose answers are all there need no worker.
  const uint64_t first = trainer_->state().generation();
  BeginGeneration();
  Preload();
  JudgeConvicted();
  while (state_ == State::kTraining && table_.complete()) {
    CloseGeneration();
    Preload();
    JudgeConvicted();
  }
  if (table_.generation() > first || table_.num_done() > 0) {
    LOG(INFO) << "resumed: generations " << first << " to "
              << table_.generation() << " from stored answers, and "
              << table_.num_done() << " of " << table_.num_units()
              << " answers of the open one";
  }
  return absl::OkStatus();
}

void Coordinator::Register(v1::RegisterRequest request,
                           Reply<v1::RegisterReply> reply) {
  queue_.Post(
      [this, request = std::move(request), reply = std::move(reply)]() mutable {
        HandleRegister(request, std::move(reply));
      });
}

uint64_t Coordinator::Work(v1::WorkRequest request,
                           Reply<v1::WorkReply> reply) {
  const uint64_t ticket = next_ticket_.fetch_add(1);
  if (queue_.full()) {
    reply(absl::ResourceExhaustedError(
        "the aggregator has too much to do; try again in a second"));
    return ticket;
  }
  queue_.Post([this, ticket, request = std::move(request),
               reply = std::move(reply)]() mutable {
    HandleWork(ticket, request, std::move(reply));
  });
  return ticket;
}

void Coordinator::CancelWork(uint64_t ticket) {
  queue_.Post([this, ticket] {
    for (std::list<WaitingCall>* calls : {&parked_, &held_}) {
      for (auto it = calls->begin(); it != calls->end(); ++it) {
        if (it->ticket != ticket) continue;
        sessions_.Break(it->session_id, Clock::now());
        it->reply(absl::CancelledError("the caller has gone"));
        calls->erase(it);
        return;
      }
    }
  });
}

void Coordinator::Heartbeat(v1::HeartbeatRequest request,
                            Reply<v1::HeartbeatReply> reply) {
  queue_.Post(
      [this, request = std::move(request), reply = std::move(reply)]() mutable {
        HandleHeartbeat(request, std::move(reply));
      });
}

void Coordinator::GetBlob(v1::BlobRequest request, Reply<Blob> reply) {
  queue_.Post([this, request = std::move(request),
               reply = std::move(reply)]() mutable {
    if (sessions_.Hear(request.session(), Clock::now()) == nullptr) {
      reply(UnknownSession());
    } else if (request.sha256() == blob_digest_) {
      reply(blob_);
    } else if (!previous_digest_.empty() &&
               request.sha256() == previous_digest_) {
      reply(previous_blob_);
    } else {
      reply(absl::NotFoundError(absl::StrCat("no state in use has the digest ",
                                             Hex(request.sha256()),
                                             "; its generation is over")));
    }
  });
}

void Coordinator::Leave(v1::LeaveRequest request, Reply<v1::LeaveReply> reply) {
  queue_.Post(
      [this, request = std::move(request), reply = std::move(reply)]() mutable {
        HandleLeave(request, std::move(reply));
      });
}

void Coordinator::Stop(milliseconds grace) {
  const Time by = Clock::now() + grace;
  queue_.Post([this, by] {
    if (state_ == State::kTraining) {
      state_ = State::kStopping;
      stop_by_ = by;
      LOG(INFO) << "stopping: no new work; waiting for "
                << table_.num_outstanding() << " answers under way";
    } else if (state_ == State::kStopping) {
      stop_by_ = std::min(stop_by_, by);
    }
  });
}

absl::Status Coordinator::Wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  ended_.wait(lock, [this] { return result_.has_value(); });
  return *result_;
}

std::optional<absl::Status> Coordinator::WaitFor(milliseconds limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  ended_.wait_for(lock, limit, [this] { return result_.has_value(); });
  return result_;
}

std::shared_ptr<const Snapshot> Coordinator::snapshot() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return snapshot_;
}

void Coordinator::HandleRegister(const v1::RegisterRequest& request,
                                 Reply<v1::RegisterReply> reply) {
  const Time now = Clock::now();
  // The first worker decides where nobody else has.
  absl::Status status = CheckHandshake(
      request, env_spec_, fingerprint_.value_or(request.fingerprint()));
  if (!status.ok()) {
    LOG(WARNING) << "refused a worker on " << request.host() << " (process "
                 << request.pid() << "): " << status.message();
    return reply(std::move(status));
  }
  v1::RegisterReply answer;
  answer.set_incarnation(incarnation_);
  answer.set_heartbeat_ms(
      static_cast<uint32_t>(options_.sessions.heartbeat.count()));
  *answer.mutable_experiment() = experiment_;
  answer.set_finished(IsOver());
  if (answer.finished() || !request.has_env_spec()) {
    return reply(std::move(answer));
  }
  const std::optional<SessionTable::Identity> previous =
      FindIdentity(request.previous_session());
  if (previous.has_value() && previous->standing->convicted) {
    status = absl::FailedPreconditionError(
        "other workers agree on another answer than this worker has given: its "
        "machine computes other bits, or its program has been changed. Mend "
        "that, then start it again");
    LOG(WARNING) << "refused a worker on " << request.host() << " (process "
                 << request.pid() << "): " << status.message();
    return reply(std::move(status));
  }
  absl::StatusOr<Session*> session = sessions_.Add(request, now);
  if (!session.ok()) return reply(session.status());
  if (!fingerprint_.has_value()) fingerprint_ = request.fingerprint();
  table_.AddSession((*session)->number, (*session)->slots);
  metrics_.AddRegistration();
  if (previous.has_value()) {
    // Who was sent away does not come back under another number.
    const Session* before = sessions_.Find(request.previous_session());
    (*session)->draining = before != nullptr && before->draining;
    previous->standing->who = (*session)->standing->who;
    (*session)->standing = previous->standing;
    if (authors_.erase(previous->number) > 0) {
      authors_[(*session)->number] = previous->standing;
    }
    table_.Inherit(previous->number, (*session)->number);
    table_.Drop(previous->number);
    sessions_.Remove(request.previous_session());
    serve_all_ = true;
  }
  backlog_.AddWorker({.session = (*session)->id,
                      .host = (*session)->host,
                      .pid = (*session)->pid,
                      .slots = (*session)->slots,
                      .first_seen = absl::Now(),
                      .last_seen = absl::Now()});
  answer.set_session((*session)->id);
  changed_ = true;
  reply(std::move(answer));
}

void Coordinator::HandleWork(uint64_t ticket, const v1::WorkRequest& request,
                             Reply<v1::WorkReply> reply) {
  const Time now = Clock::now();
  Session* session = sessions_.Hear(request.session(), now);
  if (session == nullptr) return reply(UnknownSession());
  const int want = static_cast<int>(std::min(request.want(), 4096u));
  if (request.results().empty() && want > 0) {
    parked_.push_back({ticket, session->id, want, now + options_.hold,
                       v1::WorkReply(), std::move(reply)});
    serve_all_ = true;
    return;  // served in this round or later
  }
  v1::WorkReply answer;
  for (const v1::LeasedResult& leased : request.results()) {
    if (request.incarnation() != incarnation_) {
      answer.add_verdicts(v1::WorkReply::STALE);
      continue;
    }
    UnitTable::Submission submission = TakeResult(*session, leased);
    answer.add_verdicts(submission.verdict);
    if (!submission.detail.empty() && answer.detail().empty()) {
      answer.set_detail(submission.detail);
    }
  }
  held_.push_back(
      {ticket, session->id, want, now, std::move(answer), std::move(reply)});
}

void Coordinator::HandleHeartbeat(const v1::HeartbeatRequest& request,
                                  Reply<v1::HeartbeatReply> reply) {
  const Time now = Clock::now();
  Session* session = sessions_.Hear(request.session(), now);
  if (session == nullptr) return reply(UnknownSession());
  v1::HeartbeatReply answer;
  const std::vector<UnitTable::LeaseId> held(request.lease_ids().begin(),
                                             request.lease_ids().end());
  for (const auto lease : table_.Heartbeat(session->number, held, now)) {
    answer.add_cancel(lease);
  }
  answer.set_drain(MustDrain() || session->draining);
  answer.set_finished(IsOver());
  reply(std::move(answer));
}

void Coordinator::HandleLeave(const v1::LeaveRequest& request,
                              Reply<v1::LeaveReply> reply) {
  Session* session = sessions_.Hear(request.session(), Clock::now());
  if (session == nullptr) return reply(v1::LeaveReply());
  for (const v1::LeasedResult& leased : request.results()) {
    TakeResult(*session, leased);
  }
  table_.Drop(session->number);
  sessions_.Remove(request.session());
  serve_all_ = changed_ = true;
  reply(v1::LeaveReply());
}

UnitTable::Submission Coordinator::TakeResult(Session& session,
                                              const v1::LeasedResult& leased) {
  const v1::RolloutResult& result = leased.result();
  const bool forgotten = (leased.lease_id() >> kLeaseBits) < incarnation_;
  absl::Status status;
  Metrics::Rejection reason = Metrics::Rejection::kContents;
  if (result.generation() == table_.generation() &&
      result.index() < trainer_->units().size()) {
    const v1::WorkUnit& unit = trainer_->units()[result.index()];
    status = CheckResult(unit, result, env_spec_);
    if (status.ok() && unit.sign() != 0 &&
        result.status() == v1::RolloutResult::OK &&
        (forgotten || session.noise_checked != table_.generation())) {
      status = noise_audit_.Check(unit, result);
      reason = Metrics::Rejection::kNoise;
      if (status.ok()) session.noise_checked = unit.generation();
    }
  }
  UnitTable::Submission submission;
  if (status.ok()) {
    authors_.try_emplace(session.number, session.standing);
    submission = table_.Submit(
        session.number,
        forgotten ? UnitTable::kForgottenLease : leased.lease_id(), result,
        Clock::now());
    reason = Metrics::Rejection::kUnit;
  } else {
    submission = {v1::WorkReply::REJECTED, false,
                  std::string(status.message())};
    facts_.AddRejection();
  }
  if (table_.stuck_unit().has_value()) EndStuck(result);
  if (submission.counts) {
    RecordAnswer(session, result);
    facts_.AddSteps(result);
    MeasureUnit(result);
  }
  const bool rejected = submission.verdict == v1::WorkReply::REJECTED;
  session.num_accepted += submission.verdict == v1::WorkReply::ACCEPTED;
  session.num_rejected += rejected;
  if (rejected) {
    metrics_.AddRejection(reason);
    LOG_EVERY_N(WARNING, 100) << "rejected a result of the worker on "
                              << session.host << ": " << submission.detail;
  }
  if (sessions_.Judge(session, rejected)) {
    table_.Quarantine(session.number);
    LOG(ERROR) << session.standing->who
               << " gets no more work: more than 20 % of its last results "
                  "were rejected, the last one because: "
               << submission.detail << ". Restart it once that is mended.";
  }
  return submission;
}

}  // namespace starling
