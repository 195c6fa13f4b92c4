#include "deploy/bench/transport_bench.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aggregator/coordinator.h"
#include "aggregator/run_store.h"
#include "aggregator/service.h"
#include "aggregator/storage.h"
#include "aggregator/trainer.h"
#include "base/log.h"
#include "base/status.h"
#include "base/tls_folder.h"
#include "deploy/bench/child_process.h"
#include "deploy/bench/echo_server.h"
#include "deploy/bench/process_stats.h"
#include "deploy/certs/authority.h"
#include "deploy/bench/scratch_folder.h"
#include "deploy/bench/simulated_workers.h"
#include "deploy/experiment/experiment.h"

namespace starling {
namespace {

constexpr char kListen[] = "127.0.0.1:0";
// Threads of the update, as in a run on this machine.
constexpr int kUpdateThreads = 2;
constexpr int kSpareFiles = 128;

absl::Status CheckRange(const char* what, double value, double min,
                        double max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      what, " must be in [", min, ", ", max, "], got ", value));
}

absl::Status CheckOptions(const TransportOptions& options) {
  RETURN_IF_ERROR(CheckRange("workers", options.workers, 1, 4096));
  RETURN_IF_ERROR(
      CheckRange("results_per_call", options.results_per_call, 1, 64));
  RETURN_IF_ERROR(CheckRange("unit_s", options.unit_s, 0, 60));
  RETURN_IF_ERROR(CheckRange("seconds", options.seconds, 0.01, 86'400));
  RETURN_IF_ERROR(CheckRange("parameters", options.parameters, 1, 100'000));
  RETURN_IF_ERROR(
      CheckRange("num_directions", options.num_directions, 1, 65'536));
  RETURN_IF_ERROR(CheckRange("turns", options.turns, 1, 100));
  // Both ends of each connection, and what a process has open anyway.
  return AllowOpenFiles(options.workers + kSpareFiles);
}

absl::StatusOr<PreparedExperiment> ExperimentOf(
    const TransportOptions& options) {
  ExperimentText text;
  v1::Experiment& experiment = text.experiment;
  experiment.set_name("bench");
  experiment.mutable_env()->mutable_sphere()->set_dimension(
      options.parameters);
  experiment.mutable_policy()->mutable_linear()->set_bias(true);
  experiment.mutable_normalizer()->set_enabled(false);
  v1::OpenAiEs* const es = experiment.mutable_strategy()->mutable_openai_es();
  es->set_num_directions(options.num_directions);
  experiment.mutable_budget()->set_generations(1'000'000'000);
  // At the end only: every generation has the same units.
  experiment.mutable_evaluation()->set_every(0);
  // Every accepted result is a unit's.
  experiment.set_audit_fraction(0);
  return PrepareExperiment(text);
}

template <typename T>
std::string AsBytes(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}
template <typename T>
T FromBytes(const std::string& bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  CHECK_EQ(bytes.size(), sizeof(value));
  memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

// The aggregator's process. Its last message: the units that are settled.
absl::StatusOr<std::string> Aggregate(const PreparedExperiment& prepared,
                                      const std::string& folder,
                                      const std::string& tls_folder,
                                      ChildPipe& parent) {
  const std::string database = folder + "/run.db";
  const std::string checkpoint_folder = folder + "/checkpoints";
  mkdir(checkpoint_folder.c_str(), 0750);
  ASSIGN_OR_RETURN(std::unique_ptr<RunStore> store, RunStore::Open(database));
  ASSIGN_OR_RETURN(CheckpointStore checkpoints,
                   CheckpointStore::Open(checkpoint_folder,
                                         CheckpointStore::Access::kOwner));
  ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer,
                   Trainer::Create(prepared.experiment, prepared.env_spec,
                                   kUpdateThreads));
  const uint64_t units_per_generation = trainer->units().size();
  CoordinatorOptions options;
  // The workers are gone by then.
  options.linger = std::chrono::milliseconds(0);
  ASSIGN_OR_RETURN(
      std::unique_ptr<Coordinator> coordinator,
      Coordinator::Create(prepared.experiment, prepared.env_spec,
                          std::move(trainer),
                          std::make_unique<DiskStorage>(
                              std::move(store), std::move(checkpoints)),
                          std::nullopt, std::move(options)));
  ServiceOptions service_options;
  service_options.listen = {kListen};
  if (!tls_folder.empty()) {
    ASSIGN_OR_RETURN(service_options.tls,
                     LoadTlsFolder(tls_folder, TlsSide::kAggregator,
                                   absl::Now()));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Service> service,
                   Service::Start(coordinator.get(), service_options));
  parent.Send(service->addresses().front());
  parent.AwaitClose();

  coordinator->Stop(std::chrono::milliseconds(0));
  const absl::Status ended = coordinator->Wait();
  if (!absl::IsCancelled(ended)) return ended;
  const uint64_t generation = coordinator->snapshot()->generation;
  service.reset();
  coordinator.reset();
  // What an onlooker finds on disk is what counts.
  ASSIGN_OR_RETURN(store, RunStore::OpenReadOnly(database));
  ASSIGN_OR_RETURN(const std::vector<SessionResult> open,
                   store->Results(generation));
  return absl::StrCat(generation * units_per_generation + open.size());
}

absl::StatusOr<std::string> Echo(int num_directions, ChildPipe& parent) {
  ASSIGN_OR_RETURN(const std::unique_ptr<EchoServer> echo,
                   EchoServer::Start(kListen, num_directions));
  parent.Send(echo->address());
  parent.AwaitClose();
  return "";
}

// What both kinds of turns have brought so far.
struct Sums {
  double seconds = 0;
  double cpu_s = 0;
  uint64_t accepted = 0;
  uint64_t calls = 0;
  double peak_rss_mib = 0;
  Histogram turnaround;
  LoadFigures last;

  void Add(const LoadFigures& figures) {
    seconds += figures.seconds;
    cpu_s += figures.server_cpu_s;
    accepted += figures.accepted;
    calls += figures.delivering_calls;
    peak_rss_mib = std::max(peak_rss_mib, figures.server_peak_rss_mib);
    turnaround.Add(figures.turnaround);
    last = figures;
  }
};

class Bench {
 public:
  static absl::StatusOr<TransportRow> Measure(const TransportOptions& options) {
    RETURN_IF_ERROR(CheckOptions(options));
    Bench bench(options);
    ASSIGN_OR_RETURN(bench.prepared_, ExperimentOf(options));
    ASSIGN_OR_RETURN(bench.trainer_,
                     Trainer::Create(bench.prepared_.experiment,
                                     bench.prepared_.env_spec, 1));
    bench.row_.units_per_generation =
        static_cast<int>(bench.trainer_->units().size());
    bench.row_.parameters =
        bench.trainer_->state().distribution().mean_size();
    if (options.tls) RETURN_IF_ERROR(bench.MakeMembers());
    for (int turn = 0; turn < options.turns; ++turn) {
      RETURN_IF_ERROR(bench.AggregatorTurn(false, &bench.training_));
      RETURN_IF_ERROR(bench.EchoTurn());
      if (options.tls) {
        RETURN_IF_ERROR(bench.AggregatorTurn(true, &bench.secured_));
      }
    }
    return bench.Row();
  }

 private:
  explicit Bench(const TransportOptions& options) : options_(options) {}

  // Folders for both sides, of an authority that lives as long as the bench.
  absl::Status MakeMembers() {
    ASSIGN_OR_RETURN(ScratchFolder folder,
                     ScratchFolder::Create(options_.folder));
    members_.emplace(std::move(folder));
    const std::string authority = members_->path() + "/ca";
    RETURN_IF_ERROR(CreateAuthority(authority, absl::Now()));
    RETURN_IF_ERROR(CreateMember(authority, {.hosts = {"127.0.0.1"}},
                                 kDefaultDays, members_->path() + "/server",
                                 absl::Now()));
    return CreateMember(authority, {}, kDefaultDays,
                        members_->path() + "/worker", absl::Now());
  }
  // Of one side, or "" for plain text.
  std::string MemberFolder(bool tls, const std::string& side) const {
    return tls ? members_->path() + "/" + side : "";
  }

  absl::Status AggregatorTurn(bool tls, Sums* sums) {
    ASSIGN_OR_RETURN(const ScratchFolder folder,
                     ScratchFolder::Create(options_.folder));
    ASSIGN_OR_RETURN(const std::unique_ptr<ChildProcess> server,
                     ChildProcess::Start([&](ChildPipe& parent) {
                       return Aggregate(prepared_, folder.path(),
                                        MemberFolder(tls, "server"), parent);
                     }));
    ASSIGN_OR_RETURN(const LoadFigures figures,
                     LoadOn(*server, MemberFolder(tls, "worker")));
    ASSIGN_OR_RETURN(const std::string answer, server->Finish());
    uint64_t settled = 0;
    CHECK(absl::SimpleAtoi(answer, &settled)) << answer;
    sums->Add(figures);
    row_.accepted += figures.accepted_in_all;
    row_.settled += settled;
    row_.lost += figures.unanswered;
    if (figures.accepted_in_all > settled) {
      row_.lost += figures.accepted_in_all - settled;
    }
    row_.rejected += figures.rejected;
    row_.failed_calls += figures.failed_calls;
    return absl::OkStatus();
  }

  absl::Status EchoTurn() {
    ASSIGN_OR_RETURN(const std::unique_ptr<ChildProcess> server,
                     ChildProcess::Start([&](ChildPipe& parent) {
                       return Echo(options_.num_directions, parent);
                     }));
    ASSIGN_OR_RETURN(const LoadFigures figures, LoadOn(*server, ""));
    RETURN_IF_ERROR(server->Finish().status());
    echo_.Add(figures);
    return absl::OkStatus();
  }

  absl::StatusOr<LoadFigures> LoadOn(ChildProcess& server,
                                     const std::string& tls_folder) {
    LoadOptions load;
    load.tls_folder = tls_folder;
    ASSIGN_OR_RETURN(load.address, server.Receive());
    load.workers = options_.workers;
    load.slots = options_.results_per_call;
    load.unit_s = options_.unit_s;
    load.seconds = options_.seconds / ((options_.tls ? 3 : 2) * options_.turns);
    load.warm_up_s = std::min(1.0, load.seconds);
    load.env_spec = prepared_.env_spec;
    load.noise = &trainer_->noise();
    load.num_parameters = row_.parameters;
    load.server = server.pid();
    ASSIGN_OR_RETURN(
        const std::unique_ptr<ChildProcess> workers,
        ChildProcess::Start(
            [&](ChildPipe&) -> absl::StatusOr<std::string> {
              ASSIGN_OR_RETURN(const LoadFigures figures, ApplyLoad(load));
              return AsBytes(figures);
            }));
    ASSIGN_OR_RETURN(const std::string bytes, workers->Finish());
    return FromBytes<LoadFigures>(bytes);
  }

  TransportRow Row() {
    row_.workers = options_.workers;
    row_.results_per_call = options_.results_per_call;
    row_.accepted_per_s = training_.accepted / training_.seconds;
    row_.echo_calls_per_s = echo_.calls / echo_.seconds;
    row_.echo_results_per_s = echo_.accepted / echo_.seconds;
    row_.ratio = row_.accepted_per_s / row_.echo_results_per_s;
    row_.peak_rss_mib = training_.peak_rss_mib;
    if (options_.tls) {
      row_.tls_accepted_per_s = secured_.accepted / secured_.seconds;
      row_.tls_ratio = row_.tls_accepted_per_s / row_.accepted_per_s;
      row_.tls_peak_rss_mib = secured_.peak_rss_mib;
    }
    row_.work_p50_s = training_.turnaround.Quantile(0.5);
    row_.work_p99_s = training_.turnaround.Quantile(0.99);
    row_.echo_p50_s = echo_.turnaround.Quantile(0.5);
    row_.echo_p99_s = echo_.turnaround.Quantile(0.99);
    row_.cpu_us_per_result = 1e6 * training_.cpu_s / training_.accepted;
    row_.echo_cpu_us_per_call = 1e6 * echo_.cpu_s / echo_.calls;
    const LoadFigures& last = training_.last;
    row_.unit_bytes = static_cast<double>(last.lease_bytes) / last.leases;
    row_.result_bytes = static_cast<double>(last.result_bytes) / last.results;
    return row_;
  }

  const TransportOptions options_;
  PreparedExperiment prepared_;
  // For the noise; it never learns.
  std::unique_ptr<Trainer> trainer_;
  std::optional<ScratchFolder> members_;
  Sums training_, secured_, echo_;
  TransportRow row_;
};

}  // namespace

absl::StatusOr<TransportRow> MeasureTransport(const TransportOptions& options) {
  return Bench::Measure(options);
}

}  // namespace starling
