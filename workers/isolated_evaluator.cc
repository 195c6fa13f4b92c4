#include "workers/isolated_evaluator.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/protocol.h"
#include "base/status.h"
#include "proto/evaluator.pb.h"
#include "workers/evaluator_child.h"
#include "workers/frames.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kHopelessExitCode = 70;
// Results are small; a process whose memory is in ruins may say anything.
constexpr size_t kMaxReplyBytes = 16 << 20;
constexpr milliseconds kMaxTick{250};
constexpr milliseconds kMaxPause{2'000};
// A process that lived so long died for a new reason.
constexpr std::chrono::seconds kLongLife{10};

class IsolatedEvaluator : public UnitEvaluator {
 public:
  IsolatedEvaluator(IsolationOptions options, const v1::Experiment& experiment,
                    int break_fd)
      : options_(std::move(options)),
        experiment_(experiment),
        break_fd_(break_fd) {}
  ~IsolatedEvaluator() override {
    child_.reset();
    close(break_fd_);
  }

  // Starts the first process. See IsolatedEvaluators.
  absl::Status Open() { return Prepare(); }

  const v1::EnvSpec& env_spec() const override { return env_spec_; }

  void SetState(std::shared_ptr<const v1::PolicyState> state) override {
    state_ = std::move(state);
    child_knows_state_ = false;
  }

  v1::RolloutResult Evaluate(const v1::WorkUnit& unit) override {
    while (!is_broken_off_) {
      const absl::Status ready = Prepare();
      if (!ready.ok()) {
        if (!is_broken_off_) Despair(std::string(ready.message()));
        continue;
      }
      v1::EvaluatorReply reply;
      const absl::Status status = Ask(unit, &reply);
      if (status.ok() && IsAnswer(reply, unit)) {
        num_deaths_ = 0;
        return std::move(*reply.mutable_result());
      }
      if (is_broken_off_) break;
      if (is_stuck_) return ReportStuck(unit);
      if (absl::IsUnavailable(status)) {
        const uint64_t steps = child_->steps() - steps_before_;
        const Death death = child_->Bury();
        if (death.is_crash()) return ReportCrash(unit, death, steps);
        NoteDeath(death.Describe());
      } else {
        NoteDeath("it answered nonsense");
      }
      LOG(WARNING) << "an evaluator process ended in unit " << unit.index()
                   << " of generation " << unit.generation() << " ("
                   << last_death_
                   << "), which says nothing about the unit: it is evaluated "
                      "again in a new one";
    }
    child_.reset();
    return Failure(unit, v1::RolloutResult::ENV_ERROR, "broken off");
  }

  // Progress of this side: it watches the other one itself.
  uint64_t steps() const override {
    return wakes_.load(std::memory_order_relaxed);
  }

  void BreakOff() override {
    const uint64_t one = 1;
    const ssize_t written = write(break_fd_, &one, sizeof(one));
    CHECK(written == sizeof(one) || errno == EAGAIN);
  }

 private:
  // There is a process, it has its evaluator, and that knows the state. Else
  // why not: the evaluator can't be built, processes die, or broken off.
  absl::Status Prepare() {
    while (true) {
      if (child_ == nullptr) {
        if (num_deaths_ >= options_.max_deaths) {
          return absl::InternalError(absl::StrCat(
              "evaluator processes end ", num_deaths_,
              " times in a row within seconds of their start, for no reason of "
              "the unit's; the last one: ",
              last_death_,
              ". Is memory short, or does something kill them?"));
        }
        if (!Pause()) return absl::CancelledError("broken off");
        RETURN_IF_ERROR(Build());
        continue;
      }
      if (state_ == nullptr || child_knows_state_) return absl::OkStatus();
      v1::EvaluatorRequest request;
      *request.mutable_state() = *state_;
      // A process that died meanwhile is noticed by the next question.
      BeginWaiting(options_.step_timeout);
      const absl::Status status = socket_->Send(request);
      if (absl::IsDataLoss(status)) return status;
      if (is_broken_off_) return absl::CancelledError("broken off");
      if (is_stuck_) {
        NoteDeath("it took no state");
        continue;
      }
      child_knows_state_ = true;
    }
  }

  // Starts a process. An error only if the evaluator can't be built, or broken
  // off; a death leaves no child.
  absl::Status Build() {
    auto child = EvaluatorChild::Start(options_.program);
    if (!child.ok()) {
      NoteDeath(std::string(child.status().message()));
      return absl::OkStatus();
    }
    child_ = *std::move(child);
    child_knows_state_ = false;
    socket_ = std::make_unique<FrameSocket>(
        child_->socket(), kMaxReplyBytes,
        [this](short events) { return Await(events); });
    BeginWaiting(options_.build_timeout);
    v1::EvaluatorRequest request;
    *request.mutable_experiment() = experiment_;
    v1::EvaluatorReply reply;
    absl::Status status = socket_->Send(request);
    if (status.ok()) status = socket_->Receive(&reply);
    if (is_broken_off_) return absl::CancelledError("broken off");
    if (status.ok() && reply.has_env_spec()) {
      if (!has_env_spec_) env_spec_ = reply.env_spec();
      has_env_spec_ = true;
    } else if (status.ok() && reply.has_fault()) {
      child_.reset();
      return absl::Status(static_cast<absl::StatusCode>(reply.fault().code()),
                          reply.fault().message());
    } else if (absl::IsUnavailable(status)) {
      NoteDeath(absl::StrCat(child_->Bury().Describe(),
                             " while it built its environment"));
    } else {
      NoteDeath("it could not build its environment in time");
    }
    return absl::OkStatus();
  }

  absl::Status Ask(const v1::WorkUnit& unit, v1::EvaluatorReply* reply) {
    BeginWaiting(options_.step_timeout);
    steps_before_ = child_->steps();
    v1::EvaluatorRequest request;
    *request.mutable_unit() = unit;
    // What a dead one has left unread makes its socket fail: no matter.
    RETURN_IF_ERROR(socket_->Send(request));
    return socket_->Receive(reply);
  }

  static bool IsAnswer(const v1::EvaluatorReply& reply,
                       const v1::WorkUnit& unit) {
    return reply.has_result() &&
           reply.result().generation() == unit.generation() &&
           reply.result().index() == unit.index();
  }

  void BeginWaiting(milliseconds limit) {
    limit_ = limit;
    idle_ = milliseconds(0);
    is_stuck_ = false;
    seen_steps_ = child_->steps();
  }

  // The socket's Wait: false once broken off, or if the child makes no steps.
  bool Await(short events) {
    const milliseconds tick =
        std::clamp(limit_ / 8, milliseconds(1), kMaxTick);
    while (true) {
      pollfd watched[] = {{child_->socket(), events, 0},
                          {break_fd_, POLLIN, 0}};
      const int ready = poll(watched, 2, static_cast<int>(tick.count()));
      wakes_.fetch_add(1, std::memory_order_relaxed);
      if (ready > 0 && watched[1].revents != 0) {
        is_broken_off_ = true;
        return false;
      }
      if (ready > 0) return true;
      if (ready < 0) {
        if (errno == EINTR) continue;
        return false;
      }
      // Ticks are counted, not time: one in which we did not run is one tick.
      const uint64_t steps = child_->steps();
      idle_ = steps == seen_steps_ ? idle_ + tick : milliseconds(0);
      seen_steps_ = steps;
      if (idle_ < limit_) continue;
      is_stuck_ = true;
      return false;
    }
  }

  // Before the next process; false if broken off.
  bool Pause() {
    milliseconds pause{0};
    if (num_deaths_ > 1) {
      const int doublings = std::min(num_deaths_ - 2, 10);
      pause = std::min(options_.pause * (1 << doublings), kMaxPause);
    }
    pollfd watched = {break_fd_, POLLIN, 0};
    is_broken_off_ = poll(&watched, 1, static_cast<int>(pause.count())) > 0;
    wakes_.fetch_add(1, std::memory_order_relaxed);
    return !is_broken_off_;
  }

  // The child is no more, by nobody's fault.
  void NoteDeath(std::string how) {
    const bool lived_long =
        child_ != nullptr && Clock::now() - child_->started() > kLongLife;
    num_deaths_ = lived_long ? 1 : num_deaths_ + 1;
    last_death_ = std::move(how);
    child_.reset();
  }

  void Despair(const std::string& reason) {
    LOG(ERROR) << reason
               << " This worker ends so that it can be started anew; its units "
                  "go to others.";
    if (options_.on_hopeless == nullptr) {
      google::FlushLogFiles(google::GLOG_INFO);
      _exit(kHopelessExitCode);
    }
    options_.on_hopeless(reason);
    pollfd watched = {break_fd_, POLLIN, 0};
    while (poll(&watched, 1, -1) < 0 && errno == EINTR) {
    }
    is_broken_off_ = true;
  }

  static v1::RolloutResult Failure(const v1::WorkUnit& unit,
                                   v1::RolloutResult::Status status,
                                   const std::string& detail) {
    v1::RolloutResult result;
    result.set_generation(unit.generation());
    result.set_index(unit.index());
    result.set_status(status);
    result.set_detail(detail.substr(0, kMaxStringBytes));
    return result;
  }

  v1::RolloutResult ReportCrash(const v1::WorkUnit& unit, const Death& death,
                                uint64_t steps) {
    const std::string detail = absl::StrCat(
        "the evaluator died of ", death.Describe(), " after ", steps,
        " control steps, episode seed ", unit.episode_seed());
    LOG(WARNING) << "unit " << unit.index() << " of generation "
                 << unit.generation() << ": " << detail;
    num_deaths_ = 0;
    child_.reset();
    return Failure(unit, v1::RolloutResult::CRASHED, detail);
  }

  v1::RolloutResult ReportStuck(const v1::WorkUnit& unit) {
    const std::string detail = absl::StrCat(
        "no environment step for ", options_.step_timeout.count() / 1000.0,
        " s, episode seed ", unit.episode_seed());
    LOG(WARNING) << "unit " << unit.index() << " of generation "
                 << unit.generation() << ": " << detail
                 << "; its evaluator process was killed";
    num_deaths_ = 0;
    child_.reset();
    return Failure(unit, v1::RolloutResult::STUCK, detail);
  }

  const IsolationOptions options_;
  const v1::Experiment experiment_;
  // Readable once broken off.
  const int break_fd_;
  v1::EnvSpec env_spec_;
  bool has_env_spec_ = false;
  std::shared_ptr<const v1::PolicyState> state_;

  std::unique_ptr<EvaluatorChild> child_;
  std::unique_ptr<FrameSocket> socket_;  // of child_
  bool child_knows_state_ = false;

  // Of the wait under way.
  milliseconds limit_{0}, idle_{0};
  uint64_t seen_steps_ = 0;
  // When the unit under way began.
  uint64_t steps_before_ = 0;
  bool is_stuck_ = false;
  bool is_broken_off_ = false;

  // In a row, by nobody's fault.
  int num_deaths_ = 0;
  std::string last_death_;

  std::atomic<uint64_t> wakes_{0};
};

}  // namespace

EvaluatorFactory IsolatedEvaluators(IsolationOptions options) {
  return [options = std::move(options)](const v1::Experiment& experiment)
             -> absl::StatusOr<std::unique_ptr<UnitEvaluator>> {
    const int break_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (break_fd < 0) {
      return absl::UnavailableError(
          absl::StrCat("can't start an evaluator: eventfd: ", strerror(errno)));
    }
    auto evaluator =
        std::make_unique<IsolatedEvaluator>(options, experiment, break_fd);
    RETURN_IF_ERROR(evaluator->Open());
    return evaluator;
  };
}

}  // namespace starling
