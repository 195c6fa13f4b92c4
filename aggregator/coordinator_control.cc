// What operators ask of the coordinator, and what it measures of itself.
#include <list>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/coordinator.h"
#include "base/log.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

absl::Status IsEnding() {
  return absl::UnavailableError("the run is ending; it saves its state itself");
}

double Seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

v1::ListWorkersReply::Worker::State WireState(SessionTable::State state) {
  using Worker = v1::ListWorkersReply::Worker;
  switch (state) {
    case SessionTable::State::kQuarantined:
      return Worker::QUARANTINED;
    case SessionTable::State::kDraining:
      return Worker::DRAINING;
    case SessionTable::State::kSuspect:
      return Worker::SUSPECT;
    case SessionTable::State::kActive:
      break;
  }
  return Worker::ACTIVE;
}

}  // namespace

void Coordinator::Pause(Reply<v1::PauseReply> reply) {
  queue_.Post([this, reply = std::move(reply)]() mutable {
    if (state_ != State::kTraining) return reply(IsEnding());
    v1::PauseReply answer;
    answer.set_changed(!paused_);
    answer.set_units_outstanding(table_.num_outstanding());
    if (!paused_) LOG(WARNING) << "paused by an operator: no new leases";
    paused_ = true;
    Publish(Clock::now());
    reply(std::move(answer));
  });
}

void Coordinator::Resume(Reply<v1::ResumeReply> reply) {
  queue_.Post([this, reply = std::move(reply)]() mutable {
    if (state_ != State::kTraining) return reply(IsEnding());
    v1::ResumeReply answer;
    answer.set_changed(paused_);
    if (paused_) LOG(WARNING) << "resumed by an operator";
    paused_ = false;
    serve_all_ = true;
    Publish(Clock::now());
    reply(std::move(answer));
  });
}

void Coordinator::Checkpoint(Reply<v1::CheckpointReply> reply) {
  queue_.Post([this, reply = std::move(reply)]() mutable {
    if (state_ != State::kTraining) return reply(IsEnding());
    const uint64_t generation = trainer_->state().generation();
    waiting_checkpoints_.push_back(
        {SubmitCheckpoint(Clock::now()), generation, std::move(reply)});
  });
}

void Coordinator::AnswerCheckpoints() {
  if (waiting_checkpoints_.empty()) return;
  const CheckpointWriter::State disk = writer_->state();
  auto it = waiting_checkpoints_.begin();
  // Whoever is answered may look at once.
  if (it->ticket <= disk.attempted) Publish(Clock::now());
  while (it != waiting_checkpoints_.end() && it->ticket <= disk.attempted) {
    // A later one that is durable holds all that this one would.
    if (it->ticket <= disk.durable) {
      v1::CheckpointReply answer;
      answer.set_generation(it->generation);
      it->reply(std::move(answer));
    } else {
      it->reply(
          absl::Status(disk.last_error.code(),
                       absl::StrCat("the checkpoint can't be written: ",
                                    std::string(disk.last_error.message()),
                                    "; training goes on, and so do attempts")));
    }
    it = waiting_checkpoints_.erase(it);
  }
}

void Coordinator::DrainWorker(v1::DrainWorkerRequest request,
                              Reply<v1::DrainWorkerReply> reply) {
  queue_.Post([this, request = std::move(request),
               reply = std::move(reply)]() mutable {
    absl::StatusOr<Session*> found = sessions_.Resolve(request.worker());
    if (!found.ok()) return reply(found.status());
    Session& session = **found;
    if (!session.draining) {
      LOG(WARNING) << "an operator sends the worker " << session.name << " on "
                   << session.host << " (process " << session.pid << ") away";
    }
    session.draining = true;
    serve_all_ = changed_ = true;
    v1::DrainWorkerReply answer;
    answer.set_id(session.short_id());
    answer.set_name(session.name);
    answer.set_host(session.host);
    reply(std::move(answer));
  });
}

void Coordinator::ListWorkers(Reply<v1::ListWorkersReply> reply) {
  queue_.Post([this, reply = std::move(reply)]() mutable {
    const Time now = Clock::now();
    v1::ListWorkersReply answer;
    for (const Session* session : sessions_.List()) {
      v1::ListWorkersReply::Worker* worker = answer.add_workers();
      worker->set_id(session->short_id());
      worker->set_name(session->name);
      worker->set_host(session->host);
      worker->set_pid(session->pid);
      worker->set_slots(session->slots);
      worker->set_state(WireState(sessions_.StateOf(*session, now)));
      worker->set_silent_s(Seconds(now - session->last_heard));
      worker->set_connected_s(Seconds(now - session->registered));
      worker->set_accepted(session->num_accepted);
      worker->set_rejected(session->num_rejected);
    }
    reply(std::move(answer));
  });
}

void Coordinator::MeasureUnit(const v1::RolloutResult& result) {
  if (result.status() != v1::RolloutResult::OK) metrics_.AddFailedUnit();
  const std::optional<Time>& leased = leased_at_[result.index()];
  // Else it was leased by an earlier start.
  if (leased.has_value()) metrics_.ObserveUnit(Clock::now() - *leased);
}

}  // namespace starling
