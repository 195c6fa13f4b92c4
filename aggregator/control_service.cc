#include "aggregator/control_service.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/generation_plan.h"
#include "aggregator/run_directory.h"
#include "aggregator/service_security.h"
#include "base/grpc_status.h"
#include "base/handover.h"
#include "proto/control.grpc.pb.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using Rpc = Metrics::Rpc;

constexpr double kDefaultGrace_s = 20;
constexpr double kMaxGrace_s = 3600;

v1::StatusReply::Phase WirePhase(Snapshot::Phase phase) {
  switch (phase) {
    case Snapshot::Phase::kTraining:
      break;
    case Snapshot::Phase::kStopping:
      return v1::StatusReply::STOPPING;
    case Snapshot::Phase::kEnding:
      return v1::StatusReply::ENDING;
    case Snapshot::Phase::kFinished:
      return v1::StatusReply::FINISHED;
    case Snapshot::Phase::kStopped:
      return v1::StatusReply::STOPPED;
    case Snapshot::Phase::kFailed:
      return v1::StatusReply::FAILED;
  }
  return v1::StatusReply::TRAINING;
}

class ControlService : public v1::Control::CallbackService {
 public:
  ControlService(Coordinator* coordinator, Access* access)
      : coordinator_(coordinator),
        access_(access),
        config_sha256_(ConfigDigest(coordinator->experiment())) {
    HandOver(this);
  }
  // No call is under way any more.
  ~ControlService() override { TakeOver(&coordinator_->metrics()); }

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::StatusRequest*,
                                      v1::StatusReply* reply) override {
    return Answer<v1::StatusReply>(
        context, Rpc::kGetStatus, Role::kViewer, reply, [this](auto done) {
          v1::StatusReply status = ToStatusReply(*coordinator_->snapshot(),
                                                 coordinator_->experiment());
          status.set_config_sha256(config_sha256_);
          done(std::move(status));
        });
  }

  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* context,
                                        const v1::ListWorkersRequest*,
                                        v1::ListWorkersReply* reply) override {
    return Answer<v1::ListWorkersReply>(
        context, Rpc::kListWorkers, Role::kViewer, reply,
        [this](auto done) { coordinator_->ListWorkers(std::move(done)); });
  }

  grpc::ServerUnaryReactor* Pause(grpc::CallbackServerContext* context,
                                  const v1::PauseRequest*,
                                  v1::PauseReply* reply) override {
    return Answer<v1::PauseReply>(
        context, Rpc::kPause, Role::kOperator, reply,
        [this](auto done) { coordinator_->Pause(std::move(done)); });
  }

  grpc::ServerUnaryReactor* Resume(grpc::CallbackServerContext* context,
                                   const v1::ResumeRequest*,
                                   v1::ResumeReply* reply) override {
    return Answer<v1::ResumeReply>(
        context, Rpc::kResume, Role::kOperator, reply,
        [this](auto done) { coordinator_->Resume(std::move(done)); });
  }

  grpc::ServerUnaryReactor* Stop(grpc::CallbackServerContext* context,
                                 const v1::StopRequest* request,
                                 v1::StopReply* reply) override {
    const double grace_s =
        request->has_grace_s() ? request->grace_s() : kDefaultGrace_s;
    return Answer<v1::StopReply>(
        context, Rpc::kStop, Role::kOperator, reply,
        [this, grace_s](auto done) {
          // Written so that NaN is refused, too.
          if (!(grace_s >= 0 && grace_s <= kMaxGrace_s)) {
            return done(absl::InvalidArgumentError(absl::StrCat(
                "grace_s must be in [0, ", kMaxGrace_s, "], got ", grace_s)));
          }
          coordinator_->Stop(
              std::chrono::milliseconds(std::llround(grace_s * 1000)));
          done(v1::StopReply());
        });
  }

  grpc::ServerUnaryReactor* Checkpoint(grpc::CallbackServerContext* context,
                                       const v1::CheckpointRequest*,
                                       v1::CheckpointReply* reply) override {
    return Answer<v1::CheckpointReply>(
        context, Rpc::kCheckpoint, Role::kOperator, reply,
        [this](auto done) { coordinator_->Checkpoint(std::move(done)); });
  }

  grpc::ServerUnaryReactor* DrainWorker(grpc::CallbackServerContext* context,
                                        const v1::DrainWorkerRequest* request,
                                        v1::DrainWorkerReply* reply) override {
    return Answer<v1::DrainWorkerReply>(
        context, Rpc::kDrainWorker, Role::kOperator, reply,
        [this, request](auto done) {
          coordinator_->DrainWorker(*request, std::move(done));
        });
  }

 private:
  // Every call passes here: checks the caller, measures, and lets `begin`
  // answer by the callback that it is given.
  template <typename T, typename Begin>
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                   Rpc rpc, Role right, T* reply, Begin begin) {
    TakeOver(this);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    // Once it has answered, the service may be gone.
    Coordinator::Reply<T> done = [metrics = &coordinator_->metrics(), rpc,
                                  reactor, reply, began = Clock::now()](
                                     absl::StatusOr<T> answer) {
      metrics->ObserveRpc(rpc, Clock::now() - began, answer.status().code());
      HandOver(metrics);
      if (answer.ok()) *reply = *std::move(answer);
      reactor->Finish(ToGrpc(answer.status()));
    };
    const absl::Status access = CheckCaller(*access_, *context, right);
    HandOver(&coordinator_->metrics());
    if (access.ok()) {
      begin(std::move(done));
    } else {
      done(access);
    }
    return reactor;
  }

  Coordinator* const coordinator_;
  Access* const access_;
  const std::string config_sha256_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewControlService(Coordinator* coordinator,
                                                 Access* access) {
  return std::make_unique<ControlService>(coordinator, access);
}

v1::StatusReply ToStatusReply(const Snapshot& snapshot,
                              const v1::Experiment& experiment) {
  v1::StatusReply reply;
  reply.set_name(experiment.name());
  reply.set_phase(WirePhase(snapshot.phase));
  reply.set_paused(snapshot.paused);
  reply.set_waiting(snapshot.waiting);
  reply.set_incarnation(snapshot.incarnation);
  reply.set_generation(snapshot.generation);
  reply.set_budget_generations(NumGenerations(experiment));
  reply.set_budget_env_steps(experiment.budget().env_steps());
  reply.set_steps_per_s(snapshot.steps_per_second);
  reply.set_elapsed_s(snapshot.elapsed_s);
  if (snapshot.last.has_value()) {
    reply.set_env_steps(snapshot.last->env_steps);
    const ReturnSummary& training = snapshot.last->training;
    if (training.episodes > 0) {
      reply.set_return_mean(training.mean);
      reply.set_return_std(training.std);
      reply.set_return_min(training.min);
      reply.set_return_max(training.max);
    }
  }
  if (snapshot.best_return.has_value()) {
    reply.set_return_best(*snapshot.best_return);
  }
  if (snapshot.fixed.has_value()) reply.set_return_fixed(snapshot.fixed->mean);
  if (snapshot.fresh.has_value()) reply.set_return_fresh(snapshot.fresh->mean);
  reply.set_workers_active(snapshot.workers_active);
  reply.set_workers_suspect(snapshot.workers_suspect);
  reply.set_workers_quarantined(snapshot.workers_quarantined);
  reply.set_workers_draining(snapshot.workers_draining);
  reply.set_workers_lost(snapshot.workers_lost);
  reply.set_slots(snapshot.slots);
  reply.set_units(snapshot.units);
  reply.set_units_done(snapshot.units_done);
  reply.set_units_outstanding(snapshot.units_outstanding);
  reply.set_units_pending(snapshot.units_pending);
  reply.set_results_accepted(snapshot.results_accepted);
  reply.set_results_duplicate(snapshot.results_duplicate);
  reply.set_results_stale(snapshot.results_stale);
  reply.set_results_rejected(snapshot.results_rejected);
  reply.set_copies(snapshot.copies);
  reply.set_lease_expirations(snapshot.lease_expirations);
  reply.set_disagreements(snapshot.disagreements);
  reply.set_audits(snapshot.audits);
  reply.set_queue_length(snapshot.queue_length);
  if (snapshot.checkpoint_age_s.has_value()) {
    reply.set_checkpoint_age_s(*snapshot.checkpoint_age_s);
  }
  if (snapshot.checkpoint_generation.has_value()) {
    reply.set_checkpoint_generation(*snapshot.checkpoint_generation);
  }
  reply.set_checkpoint_failures(snapshot.checkpoint_failures);
  for (const std::string& warning : snapshot.warnings) {
    reply.add_warnings(warning);
  }
  return reply;
}

}  // namespace starling
