#include "workers/worker.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/event_queue.h"
#include "base/log.h"
#include "base/log_keys.h"
#include "base/protocol.h"
#include "base/refusal.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"
#include "workers/aggregator_calls.h"
#include "workers/contact.h"
#include "workers/membership.h"
#include "workers/outbox.h"
#include "workers/probable_causes.h"
#include "workers/state_fetch.h"
#include "workers/workshop.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kStuckExitCode = 70;
constexpr milliseconds kWatchEvery{1'000};
constexpr milliseconds kProbeDeadline{2'000};

}  // namespace

// The I/O side: one thread (Run's) owns everything below; calls and slots post
// to its queue.
class Worker::Client {
 public:
  Client(std::shared_ptr<grpc::Channel> channel, WorkerOptions options)
      : options_(std::move(options)),
        queue_(SIZE_MAX),
        calls_(std::move(channel), &queue_),
        contact_(options_.address, options_.contact, Clock::now()),
        workshop_(options_.slots, options_.make_evaluator, options_.fingerprint,
                  &queue_, &outbox_) {}

  absl::Status Run() {
    contact_.Heard(Clock::now());  // silence counts from here
    while (!result_.has_value()) {
      const Clock::time_point now = Clock::now();
      Act(now);
      if (result_.has_value()) break;
      for (EventQueue::Event& event : queue_.Take(NextWake(now))) {
        event();
      }
    }
    calls_.Cancel();
    // Begun units end here, or hang; their results go nowhere.
    while (workshop_.is_open() && !workshop_.slots().EndWithin(kWatchEvery)) {
      WatchSlots(Clock::now());
    }
    workshop_.Close();
    calls_.Close();
    return *result_;
  }

  void Stop() {
    queue_.Post([this] {
      if (!stop_by_.has_value()) stop_by_ = Clock::now() + options_.grace;
    });
  }
  void Abandon() {
    queue_.Post([this] { result_ = absl::CancelledError("abandoned"); });
  }

 private:
  // Starts whatever is due.
  void Act(Clock::time_point now) {
    WatchContact(now);
    WatchSlots(now);
    if (result_.has_value()) return;
    if (stop_by_.has_value() || draining_ || finished_) return Depart(now);
    if (now < contact_.pause_until()) return;
    if (!membership_.is_working()) {
      if (!registering_) StartRegister();
      return;
    }
    StartWork();
    StartBlob();
    StartHeartbeat(now);
  }

  Clock::time_point NextWake(Clock::time_point now) const {
    Clock::time_point wake = now + options_.contact.complain_after;
    // What is due at `now` has just been done, or waits for an event.
    for (const Clock::time_point due : {next_heartbeat_, contact_.pause_until(),
                                        next_watch_, stop_by_.value_or(now)}) {
      if (due > now) wake = std::min(wake, due);
    }
    return wake;
  }

  // Judges the end of a call; true if it was answered.
  bool Answered(const absl::Status& status, const std::string& session) {
    const Clock::time_point now = Clock::now();
    if (status.ok()) {
      contact_.Succeeded(now);
    } else if (IsTokenRefused(status)) {
      result_ = absl::UnauthenticatedError(
          absl::StrCat("the aggregator at ", options_.address,
                       " refuses this worker: ", status.message()));
    } else if (absl::IsUnauthenticated(status)) {
      // The aggregator has started anew, or thought us dead.
      contact_.Heard(now);
      membership_.Lose(session);
    } else if (absl::IsFailedPrecondition(status) ||
               absl::IsInvalidArgument(status)) {
      result_ = absl::FailedPreconditionError(
          absl::StrCat("the aggregator at ", options_.address,
                       " refuses this worker: ", status.message()));
    } else {
      contact_.Failed(status, now);
    }
    return status.ok();
  }

  void StartRegister() {
    registering_ = true;
    v1::RegisterRequest request;
    request.set_protocol_major(kProtocolMajor);
    request.set_protocol_minor(kProtocolMinor);
    request.set_name(options_.name);
    request.set_host(options_.host.substr(0, kMaxStringBytes));
    request.set_pid(options_.pid);
    request.set_slots(options_.slots);
    request.set_previous_session(membership_.previous_session());
    if (membership_.phase() == Membership::Phase::kRegistration) {
      *request.mutable_env_spec() = workshop_.slots().env_spec();
      *request.mutable_fingerprint() = workshop_.fingerprint();
    }
    calls_.Register(
        std::move(request), options_.call_deadline,
        [this](const absl::Status& status, v1::RegisterRequest& request,
               const v1::RegisterReply& reply) {
          registering_ = false;
          if (!Answered(status, "")) return;
          if (reply.finished()) {
            finished_ = true;
          } else if (request.has_env_spec()) {
            BeginWork(reply);
          } else {
            Prepare(reply.experiment());
          }
        });
  }

  // Builds what the run needs, unless it is there.
  void Prepare(const v1::Experiment& experiment) {
    const bool is_other_run = !workshop_.Serves(experiment);
    membership_.Learned(is_other_run);
    if (!is_other_run) return;
    if (workshop_.is_open()) {
      LOG(WARNING) << "another run is served at " << options_.address
                   << " now; beginning anew";
    }
    outbox_.Clear();
    fetch_.Reset();
    const absl::Status status = workshop_.Build(experiment);
    if (!status.ok()) result_ = status;
  }

  void BeginWork(const v1::RegisterReply& reply) {
    if (membership_.Join(reply)) workshop_.slots().CancelAll();
    next_heartbeat_ = Clock::now() + membership_.heartbeat();
    SetLogKey("run", reply.experiment().name());
    // No more of it: who knows all of it can speak for this worker.
    SetLogKey("session", reply.session().substr(0, 8));
    LOG(INFO) << "working on run " << reply.experiment().name() << " for "
              << options_.address << " with " << options_.slots
              << (options_.slots == 1 ? " slot" : " slots");
  }

  // Sends results if there are some, and asks for work if some is wanted. One
  // call may deliver and one may be held at a time.
  void StartWork() {
    const bool must_deliver = !outbox_.empty() && !delivering_;
    const int capacity = options_.slots + (options_.slots + 3) / 4;
    int want = capacity - workshop_.slots().num_held() - wanted_in_flight_;
    if (outbox_.full() || stop_by_.has_value()) want = 0;
    const bool may_ask = want > 0 && !asking_ && outbox_.empty();
    if (!must_deliver && !may_ask) return;
    want = std::max(want, 0);

    v1::WorkRequest request;
    membership_.Sign(&request);
    request.set_want(want);
    if (must_deliver) outbox_.MoveTo(request.mutable_results());
    (must_deliver ? delivering_ : asking_) = true;
    wanted_in_flight_ += want;
    calls_.Work(std::move(request), options_.poll_deadline,
                [this, must_deliver, build = workshop_.build()](
                    const absl::Status& status, v1::WorkRequest& request,
                    const v1::WorkReply& reply) {
                  (must_deliver ? delivering_ : asking_) = false;
                  wanted_in_flight_ -= static_cast<int>(request.want());
                  if (build != workshop_.build()) request.clear_results();
                  HandleWork(status, request, reply);
                });
  }

  void HandleWork(const absl::Status& status, v1::WorkRequest& request,
                  const v1::WorkReply& reply) {
    if (!Answered(status, request.session())) {
      outbox_.PutBack(request.mutable_results());
      return;
    }
    if (!reply.detail().empty()) {
      LOG_EVERY_N(WARNING, 100) << "a result was rejected: " << reply.detail();
    }
    finished_ = finished_ || reply.finished();
    draining_ = draining_ || reply.drain();
    if (reply.leases_size() == 0) return;
    const uint64_t generation = reply.leases(0).unit().generation();
    if (!membership_.Admit(request.session(), generation)) return;
    workshop_.slots().KeepOnly(generation);
    for (const v1::Lease& lease : reply.leases()) workshop_.slots().Add(lease);
    fetch_.Want(reply.state_sha256());
  }

  void StartBlob() {
    std::optional<StateFetch::Piece> piece = fetch_.Begin();
    if (!piece.has_value()) return;
    v1::BlobRequest request;
    request.set_session(membership_.session());
    request.set_sha256(piece->sha256);
    request.set_offset(piece->offset);
    calls_.GetBlob(
        std::move(request), 2 * options_.poll_deadline,
        [this, piece = *std::move(piece), session = membership_.session()](
            const absl::Status& status, const std::string& data) {
          if (fetch_.End(piece, data)) HandleBlob(status, session);
        });
  }

  void HandleBlob(const absl::Status& status, const std::string& session) {
    if (absl::IsNotFound(status)) {
      // The generation ended meanwhile.
      fetch_.GiveUp();
      workshop_.slots().CancelAll();
      Answered(absl::OkStatus(), session);
      return;
    }
    if (!Answered(status, session)) return;  // goes on where it broke off
    auto state = fetch_.Finish();
    if (state.ok()) {
      workshop_.slots().SetState(*std::move(state));
    } else {
      Answered(state.status(), session);
    }
  }

  void StartHeartbeat(Clock::time_point now) {
    if (heartbeating_ || now < next_heartbeat_) return;
    heartbeating_ = true;
    next_heartbeat_ = now + membership_.heartbeat();
    v1::HeartbeatRequest request;
    membership_.Sign(&request);
    for (const uint64_t lease : workshop_.slots().held())
      request.add_lease_ids(lease);
    for (const uint64_t lease : outbox_.leases()) request.add_lease_ids(lease);
    calls_.Heartbeat(
        std::move(request), options_.heartbeat_deadline,
        [this](const absl::Status& status, v1::HeartbeatRequest& request,
               const v1::HeartbeatReply& reply) {
          heartbeating_ = false;
          if (!Answered(status, request.session())) return;
          workshop_.slots().Cancel(reply.cancel());
          draining_ = draining_ || reply.drain();
          finished_ = finished_ || reply.finished();
        });
  }

  void WatchContact(Clock::time_point now) {
    const absl::Status status = contact_.CheckPatience(now);
    if (!status.ok()) {
      result_ = status;
      return;
    }
    // A held call is silent by right, but heartbeats are not.
    if (probing_ || !contact_.MustComplain(now, membership_.heartbeat()))
      return;
    // Calls that wait for a connection do not learn why there is none.
    probing_ = true;
    calls_.Probe(kProbeDeadline, [this](const absl::Status& status) {
      probing_ = false;
      const Clock::time_point now = Clock::now();
      if (!contact_.MustComplain(now, membership_.heartbeat())) return;
      if (absl::IsUnavailable(status)) contact_.Explain(status);
      LOG(WARNING) << contact_.Complaint(now, Causes(status));
    });
  }

  // Of a silence whose reason a probe has found.
  std::string Causes(const absl::Status& probed) const {
    return ProbableCauses(
        absl::IsUnavailable(probed) ? probed.message() : "",
        {options_.address, options_.tls_folder, options_.endpoint_file});
  }

  void WatchSlots(Clock::time_point now) {
    if (!workshop_.is_open() || now < next_watch_) return;
    next_watch_ = now + std::min(options_.step_timeout / 4, kWatchEvery);
    const std::string stuck =
        workshop_.slots().FindStuck(options_.step_timeout, now);
    if (stuck.empty()) return;
    LOG(ERROR) << "no environment step for "
               << options_.step_timeout.count() / 1000 << " s in " << stuck
               << "; this worker ends so that it can be started anew";
    if (options_.on_stuck) return options_.on_stuck(stuck);
    google::FlushLogFiles(google::GLOG_INFO);
    _exit(kStuckExitCode);
  }

  // The end: what has begun is finished, results delivered, the rest given
  // back.
  void Depart(Clock::time_point now) {
    const absl::Status result =
        finished_ ? absl::OkStatus()
        : draining_
            ? absl::CancelledError(
                  "sent away: the aggregator stops, or an operator drains this "
                  "worker")
            : absl::CancelledError("stopped; unfinished units were given back");
    if (!stop_by_.has_value()) stop_by_ = now + options_.grace;
    if (left_ || !membership_.is_working()) {
      if (!leaving_) result_ = result;
      return;
    }
    if (leaving_) return;
    workshop_.slots().CancelAll();
    if (!finished_ && now < *stop_by_ &&
        (workshop_.slots().num_unfinished() > 0 || delivering_)) {
      if (!delivering_ && !outbox_.empty()) StartWork();
      StartHeartbeat(now);
      return;
    }
    leaving_ = true;
    v1::LeaveRequest request;
    request.set_session(membership_.session());
    outbox_.MoveTo(request.mutable_results());
    calls_.Leave(
        std::move(request), options_.heartbeat_deadline,
        [this](const absl::Status&, v1::LeaveRequest&, const v1::LeaveReply&) {
          leaving_ = false;
          left_ = true;
        });
  }

  const WorkerOptions options_;
  EventQueue queue_;
  AggregatorCalls calls_;
  Contact contact_;

  Membership membership_;
  std::optional<absl::Status> result_;

  // Calls under way.
  bool registering_ = false;
  bool delivering_ = false;
  bool asking_ = false;
  bool heartbeating_ = false;
  bool leaving_ = false;
  bool left_ = false;
  bool probing_ = false;
  int wanted_in_flight_ = 0;

  Clock::time_point next_heartbeat_{}, next_watch_{};

  Outbox outbox_;
  StateFetch fetch_;

  std::optional<Clock::time_point> stop_by_;
  bool draining_ = false;
  bool finished_ = false;

  // Last: its threads post to the queue.
  Workshop workshop_;
};

Worker::Worker(std::shared_ptr<grpc::Channel> channel, WorkerOptions options)
    : client_(
          std::make_unique<Client>(std::move(channel), std::move(options))) {}
Worker::~Worker() = default;
absl::Status Worker::Run() { return client_->Run(); }
void Worker::Stop() { client_->Stop(); }
void Worker::Abandon() { client_->Abandon(); }

}  // namespace starling
