#include "deploy/bench/simulated_workers.h"

#include <chrono>
#include <functional>
#include <memory>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/channel.h"
#include "base/event_queue.h"
#include "base/protocol.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/tls_folder.h"
#include "base/vectors.h"
#include "deploy/bench/process_stats.h"
#include "proto/work.pb.h"
#include "workers/aggregator_calls.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::milliseconds;

// Just below the aggregator's limit of new sessions a second.
constexpr auto kBetweenRegistrations = std::chrono::microseconds(5'500);
constexpr milliseconds kRetry(250);
constexpr auto kPatience = std::chrono::seconds(60);
// Deadlines of the real worker's calls.
constexpr milliseconds kCallDeadline(10'000);
constexpr milliseconds kWorkDeadline(30'000);
constexpr milliseconds kHeartbeatDeadline(3'000);

Time::duration Seconds(double seconds) {
  return std::chrono::duration_cast<Time::duration>(
      std::chrono::duration<double>(seconds));
}

// What all workers answer.
class Answers {
 public:
  Answers(const Noise* noise, int num_parameters)
      : noise_(noise), epsilon_(num_parameters) {}

  v1::RolloutResult To(const v1::WorkUnit& unit) {
    v1::RolloutResult result;
    result.set_generation(unit.generation());
    result.set_index(unit.index());
    const int sign = unit.sign() < 0 ? -1 : 1;
    for (uint32_t e = 0; e < unit.episodes(); ++e) {
      result.add_returns(sign * Rng(unit.episode_seed() + e).Uniform());
      result.add_lengths(1);
    }
    if (unit.sign() != 0) result.set_perturbation_check(Check(unit));
    return result;
  }

 private:
  // Drawn once for both halves of a pair.
  uint64_t Check(const v1::WorkUnit& unit) {
    if (stream_ == nullptr || generation_ != unit.generation()) {
      stream_ = noise_->Open(unit.generation());
      generation_ = unit.generation();
      checks_.clear();
    }
    const auto [found, is_new] = checks_.emplace(unit.direction(), 0);
    if (is_new) {
      stream_->Fill(static_cast<int>(unit.direction()), epsilon_);
      found->second = NoiseCheck(epsilon_);
    }
    return found->second;
  }

  const Noise* const noise_;
  Eigen::VectorXf epsilon_;
  std::unique_ptr<NoiseStream> stream_;
  uint64_t generation_ = 0;
  std::unordered_map<uint32_t, uint64_t> checks_;
};

using Credentials = std::shared_ptr<grpc::ChannelCredentials>;

class Load {
 public:
  // Null: plain text.
  Load(const LoadOptions& options, const Credentials& credentials)
      : options_(options),
        answers_(options.noise, options.num_parameters),
        workers_(options.workers) {
    for (Worker& worker : workers_) {
      worker.calls = std::make_unique<AggregatorCalls>(
          ConnectToAggregator(options.address, credentials), &queue_);
    }
  }
  ~Load() {
    for (Worker& worker : workers_) worker.calls->Cancel();
    for (Worker& worker : workers_) worker.calls->Close();
  }

  absl::StatusOr<LoadFigures> Run() {
    Time at = Clock::now();
    for (int i = 0; i < options_.workers; ++i) {
      At(at, [this, i] { Register(i); });
      at += kBetweenRegistrations;
    }
    RunUntil(at + kPatience,
             [this] { return num_registered_ == options_.workers; });
    if (num_registered_ < options_.workers) {
      return absl::UnavailableError(
          absl::StrCat("only ", num_registered_, " of ", options_.workers,
                       " workers could register: ", last_error_));
    }

    RunUntil(Clock::now() + Seconds(options_.warm_up_s), [] { return false; });
    const double cpu_before_s = ProcessCpuSeconds(options_.server);
    const Time began = Clock::now();
    is_measuring_ = true;
    RunUntil(began + Seconds(options_.seconds), [] { return false; });
    is_measuring_ = false;
    figures_.seconds =
        std::chrono::duration<double>(Clock::now() - began).count();
    figures_.server_cpu_s = ProcessCpuSeconds(options_.server) - cpu_before_s;

    // Nothing may be under way when results are counted on the other side.
    is_stopping_ = true;
    RunUntil(Clock::now() + kPatience, [this] { return num_busy_ == 0; });
    for (const Worker& worker : workers_) {
      if (worker.busy) figures_.unanswered += worker.leases.size();
    }
    const ProcessMemory memory = MemoryOf(options_.server);
    figures_.server_rss_mib = memory.rss_mib;
    figures_.server_peak_rss_mib = memory.peak_rss_mib;
    return figures_;
  }

 private:
  struct Worker {
    std::unique_ptr<AggregatorCalls> calls;
    std::string session;
    std::string previous_session;
    uint64_t incarnation = 0;
    std::string state_sha256;
    // From the moment they are given to that when they are answered.
    std::vector<v1::Lease> leases;
    bool busy = false;
    bool registered = false;
  };
  using Action = std::function<void()>;
  struct Alarm {
    Time time;
    uint64_t number;
    Action action;
    bool operator>(const Alarm& other) const {
      return std::tie(time, number) > std::tie(other.time, other.number);
    }
  };

  void At(Time time, Action action) {
    alarms_.push({time, next_alarm_++, std::move(action)});
  }

  template <typename Condition>
  void RunUntil(Time deadline, const Condition& condition) {
    while (!condition()) {
      const Time now = Clock::now();
      while (!alarms_.empty() && alarms_.top().time <= now) {
        const Action action = alarms_.top().action;
        alarms_.pop();
        action();
      }
      if (now >= deadline) return;
      const Time next =
          alarms_.empty() ? deadline : std::min(deadline, alarms_.top().time);
      for (EventQueue::Event& event : queue_.Take(next)) event();
    }
  }

  void Register(int i) {
    Worker& worker = workers_[i];
    v1::RegisterRequest request;
    request.set_protocol_major(kProtocolMajor);
    request.set_protocol_minor(kProtocolMinor);
    *request.mutable_env_spec() = options_.env_spec;
    request.mutable_fingerprint()->set_numbers("simulated");
    request.set_host("simulated");
    request.set_pid(i);
    request.set_slots(options_.slots);
    request.set_previous_session(worker.previous_session);
    worker.calls->Register(
        std::move(request), kCallDeadline,
        [this, i](const absl::Status& status, const v1::RegisterRequest&,
                  const v1::RegisterReply& reply) {
          if (!status.ok() || reply.session().empty()) {
            last_error_ = status.ok() ? "the run is over" : status.ToString();
            At(Clock::now() + kRetry, [this, i] { Register(i); });
            return;
          }
          Worker& worker = workers_[i];
          if (!worker.registered) ++num_registered_;
          worker.registered = true;
          worker.session = reply.session();
          worker.incarnation = reply.incarnation();
          ++figures_.registrations;
          if (worker.previous_session.empty()) {
            Beat(i, milliseconds(reply.heartbeat_ms()));
          }
          worker.previous_session = worker.session;
          Ask(i, {});
        });
  }

  void Beat(int i, milliseconds period) {
    Worker& worker = workers_[i];
    v1::HeartbeatRequest request;
    request.set_session(worker.session);
    request.set_incarnation(worker.incarnation);
    for (const v1::Lease& lease : worker.leases) {
      request.add_lease_ids(lease.lease_id());
    }
    // What should be cancelled is finished all the same: units are short.
    worker.calls->Heartbeat(
        std::move(request), kHeartbeatDeadline,
        [this](const absl::Status& status, const v1::HeartbeatRequest&,
               const v1::HeartbeatReply&) {
          if (!status.ok()) ++figures_.failed_calls;
        });
    At(Clock::now() + period, [this, i, period] { Beat(i, period); });
  }

  // Delivers and asks for more.
  void Ask(int i, std::vector<v1::LeasedResult> results) {
    v1::WorkRequest request;
    request.set_session(workers_[i].session);
    request.set_incarnation(workers_[i].incarnation);
    for (v1::LeasedResult& result : results) {
      *request.add_results() = std::move(result);
    }
    if (!is_stopping_) request.set_want(options_.slots);
    if (request.want() == 0 && request.results().empty()) return;
    Send(i, std::move(request));
  }

  void Send(int i, v1::WorkRequest request) {
    const Time sent = Clock::now();
    workers_[i].calls->Work(
        std::move(request), kWorkDeadline,
        [this, i, sent](const absl::Status& status, v1::WorkRequest& request,
                        const v1::WorkReply& reply) {
          if (status.ok()) return TakeReply(i, sent, request, reply);
          ++figures_.failed_calls;
          last_error_ = status.ToString();
          if (absl::IsUnauthenticated(status)) {
            SetBusy(i, false);
            workers_[i].leases.clear();
            return Register(i);
          }
          At(Clock::now() + kRetry,
             [this, i, request] { Send(i, request); });
        });
  }

  void TakeReply(int i, Time sent, const v1::WorkRequest& request,
                 const v1::WorkReply& reply) {
    const Time now = Clock::now();
    uint64_t accepted = 0;
    for (const int verdict : reply.verdicts()) {
      accepted += verdict == v1::WorkReply::ACCEPTED;
      figures_.duplicate += verdict == v1::WorkReply::DUPLICATE;
      figures_.stale += verdict == v1::WorkReply::STALE;
      figures_.rejected += verdict == v1::WorkReply::REJECTED;
    }
    figures_.accepted_in_all += accepted;
    for (const v1::LeasedResult& result : request.results()) {
      ++figures_.results;
      figures_.result_bytes += result.ByteSizeLong();
    }
    if (is_measuring_ && request.results_size() > 0) {
      figures_.accepted += accepted;
      ++figures_.delivering_calls;
      figures_.turnaround.Add(
          std::chrono::duration<double>(now - sent).count());
    }

    Worker& worker = workers_[i];
    worker.leases.assign(reply.leases().begin(), reply.leases().end());
    SetBusy(i, !worker.leases.empty() && !is_stopping_);
    if (is_stopping_) return;
    if (worker.leases.empty()) return Ask(i, {});
    for (const v1::Lease& lease : worker.leases) {
      ++figures_.leases;
      figures_.lease_bytes += lease.ByteSizeLong();
    }
    if (reply.state_sha256() == worker.state_sha256) return Compute(i);
    worker.state_sha256 = reply.state_sha256();
    v1::BlobRequest blob;
    blob.set_session(worker.session);
    blob.set_sha256(worker.state_sha256);
    // A state that is gone is one that nobody needs: its results are stale.
    worker.calls->GetBlob(std::move(blob), kCallDeadline,
                          [this, i](const absl::Status&, const std::string&) {
                            Compute(i);
                          });
  }

  void Compute(int i) {
    At(Clock::now() + Seconds(options_.unit_s), [this, i] {
      std::vector<v1::LeasedResult> results;
      for (const v1::Lease& lease : workers_[i].leases) {
        v1::LeasedResult& result = results.emplace_back();
        result.set_lease_id(lease.lease_id());
        *result.mutable_result() = answers_.To(lease.unit());
      }
      Ask(i, std::move(results));
    });
  }

  void SetBusy(int i, bool busy) {
    num_busy_ += static_cast<int>(busy) - static_cast<int>(workers_[i].busy);
    workers_[i].busy = busy;
  }

  const LoadOptions options_;
  EventQueue queue_{1 << 20};
  Answers answers_;
  std::vector<Worker> workers_;
  std::priority_queue<Alarm, std::vector<Alarm>, std::greater<>> alarms_;
  uint64_t next_alarm_ = 0;
  int num_registered_ = 0;
  // Workers that hold leases.
  int num_busy_ = 0;
  bool is_measuring_ = false;
  bool is_stopping_ = false;
  std::string last_error_;
  LoadFigures figures_;
};

}  // namespace

absl::StatusOr<LoadFigures> ApplyLoad(const LoadOptions& options) {
  Credentials credentials;
  if (!options.tls_folder.empty()) {
    ASSIGN_OR_RETURN(const TlsFolder folder,
                     LoadTlsFolder(options.tls_folder, TlsSide::kMember,
                                   absl::Now()));
    credentials = MemberCredentials(folder);
  }
  return Load(options, credentials).Run();
}

}  // namespace starling
