#include "aggregator/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/version.h"

namespace starling {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Buckets = prometheus::Histogram::BucketBoundaries;

constexpr const char* kRpcNames[] = {
    "Register",    "Work",  "Heartbeat", "GetBlob", "Leave",      "GetStatus",
    "ListWorkers", "Pause", "Resume",    "Stop",    "Checkpoint", "DrainWorker",
};
constexpr const char* kRejectionNames[] = {"contents", "noise", "unit"};
constexpr const char* kLossNames[] = {"silent", "disconnected"};

double Seconds(Metrics::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Buckets Geometric(double first, double factor, int n) {
  Buckets buckets;
  for (int i = 0; i < n; ++i) {
    buckets.push_back(first);
    first *= factor;
  }
  return buckets;
}
// 0.01 s to 1311 s.
Buckets UnitBuckets() { return Geometric(0.01, 2, 18); }
// 0.1 ms to 26 s, and 1 ms to 66 s.
Buckets UpdateBuckets() { return Geometric(0.0001, 4, 10); }
Buckets CallBuckets() { return Geometric(0.001, 4, 9); }

prometheus::Histogram* AddHistogram(prometheus::Registry& registry,
                                    const char* name, const char* help,
                                    const Buckets& buckets) {
  return &prometheus::BuildHistogram()
              .Name(name)
              .Help(help)
              .Register(registry)
              .Add({}, buckets);
}

prometheus::Family<prometheus::Counter>& CounterFamily(
    prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

// Families that are made anew for each page.
class Page {
 public:
  explicit Page(std::vector<MetricFamily> families)
      : families_(std::move(families)) {}

  Page& Gauge(const char* name, const char* help, double value) {
    return Begin(name, help, MetricType::Gauge).Add({}, value);
  }
  Page& Counter(const char* name, const char* help, uint64_t value) {
    return Begin(name, help, MetricType::Counter)
        .Add({}, static_cast<double>(value));
  }
  Page& Begin(const char* name, const char* help, MetricType type) {
    MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
    return *this;
  }
  // Of the family that was begun last.
  Page& Add(std::vector<ClientMetric::Label> labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (families_.back().type == MetricType::Counter ? metric.counter.value
                                                  : metric.gauge.value) = value;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }

  std::string Text() const {
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double NumOpenFiles() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  double n = 0;
  while (!error && entry != std::filesystem::directory_iterator()) {
    ++n;
    entry.increment(error);
  }
  return n;
}

void AddTraining(const Snapshot& snapshot, Page& page) {
  page.Gauge("starling_generation", "The open generation.",
             static_cast<double>(snapshot.generation))
      .Counter("starling_env_steps_total",
               "Environment steps of accepted results since the start.",
               snapshot.env_steps)
      .Counter("starling_episodes_total",
               "Episodes of accepted results since the start.",
               snapshot.episodes)
      .Gauge("starling_paused", "1 while an operator has paused the run.",
             snapshot.paused ? 1 : 0);
  if (snapshot.last.has_value()) {
    if (snapshot.last->training.episodes > 0) {
      page.Gauge("starling_return_mean",
                 "Mean training return of the last closed generation.",
                 snapshot.last->training.mean);
    }
    page.Gauge("starling_theta_norm",
               "Length of the parameter vector after the last update.",
               snapshot.last->theta_norm)
        .Gauge("starling_update_norm", "Length of the last update.",
               snapshot.last->update_norm);
  }
  if (snapshot.best_return.has_value()) {
    page.Gauge("starling_return_best",
               "Mean return of the best policy on the fixed seeds.",
               *snapshot.best_return);
  }
}

void AddUnits(const Snapshot& snapshot, uint64_t failed, Page& page) {
  page.Begin("starling_units", "Units of the open generation, by state.",
             MetricType::Gauge)
      .Add({{"state", "pending"}}, snapshot.units_pending)
      .Add({{"state", "leased"}}, snapshot.units_outstanding)
      .Add({{"state", "done"}}, snapshot.units_done);
  const auto count = [&page](const char* outcome, uint64_t n) {
    page.Add({{"outcome", outcome}}, static_cast<double>(n));
  };
  page.Begin("starling_unit_results_total",
             "Results of workers since the start, by what became of them; "
             "failed: units that ended without a return, also counted as "
             "accepted.",
             MetricType::Counter);
  count("accepted", snapshot.results_accepted);
  count("duplicate", snapshot.results_duplicate);
  count("stale", snapshot.results_stale);
  count("rejected", snapshot.results_rejected);
  count("failed", failed);
  page.Counter("starling_speculative_units_total",
               "Second leases of slow units since the start.", snapshot.copies)
      .Counter("starling_lease_expirations_total",
               "Leases whose time ran out since the start.",
               snapshot.lease_expirations)
      .Counter("starling_audits_total",
               "Units that two workers answered alike because of an audit.",
               snapshot.audits)
      .Counter("starling_audit_mismatches_total",
               "Units whose answers differed between workers.",
               snapshot.disagreements);
}

void AddAggregator(const Snapshot& snapshot, Page& page) {
  page.Begin("starling_workers", "Connected workers, by state.",
             MetricType::Gauge)
      .Add({{"state", "active"}}, snapshot.workers_active)
      .Add({{"state", "suspect"}}, snapshot.workers_suspect)
      .Add({{"state", "quarantined"}}, snapshot.workers_quarantined)
      .Add({{"state", "draining"}}, snapshot.workers_draining);
  page.Gauge("starling_worker_slots", "Evaluator threads of all workers.",
             snapshot.slots)
      .Gauge("starling_coordinator_queue_length",
             "Events that wait for the coordinator.",
             static_cast<double>(snapshot.queue_length))
      .Counter("starling_checkpoint_failures_total",
               "Failed attempts to write a checkpoint since the start.",
               snapshot.checkpoint_failures);
  if (snapshot.checkpoint_age_s.has_value()) {
    page.Gauge("starling_checkpoint_last_success_timestamp_seconds",
               "When the newest checkpoint became durable, Unix time.",
               absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()) -
                   *snapshot.checkpoint_age_s);
  }
  page.Begin("starling_build_info", "1; what is running.", MetricType::Gauge)
      .Add({{"version", kVersion}, {"isa", "x86-64-v3"}}, 1);
  page.Gauge("process_resident_memory_bytes", "Resident memory.",
             ResidentBytes())
      .Gauge("process_open_fds", "Open file descriptors.", NumOpenFiles());
}

}  // namespace

Metrics::Metrics() : registry_(std::make_unique<prometheus::Registry>()) {
  prometheus::Registry& registry = *registry_;
  units_ = AddHistogram(registry, "starling_unit_duration_seconds",
                        "From a unit's first lease to its accepted answer.",
                        UnitBuckets());
  generations_ =
      AddHistogram(registry, "starling_generation_duration_seconds",
                   "From one generation's end to the next.", UnitBuckets());
  updates_ = AddHistogram(registry, "starling_update_duration_seconds",
                          "Of one update of the parameters.", UpdateBuckets());
  checkpoints_ =
      AddHistogram(registry, "starling_checkpoint_duration_seconds",
                   "Of one attempt to write a checkpoint.", UpdateBuckets());
  auto& rpcs = prometheus::BuildHistogram()
                   .Name("starling_rpc_duration_seconds")
                   .Help("Of one call, time that it was held included.")
                   .Register(registry);
  for (int i = 0; i < kNumRpcs; ++i) {
    rpcs_[i] = &rpcs.Add({{"method", kRpcNames[i]}}, CallBuckets());
  }
  leases_ = &CounterFamily(registry, "starling_unit_attempts_total",
                           "Leases given since the start.")
                 .Add({});
  auto& rejections = CounterFamily(
      registry, "starling_unit_rejections_total",
      "Rejected results since the start, by what was wrong with them.");
  for (size_t i = 0; i < rejections_.size(); ++i) {
    rejections_[i] = &rejections.Add({{"reason", kRejectionNames[i]}});
  }
  registrations_ =
      &CounterFamily(registry, "starling_worker_registrations_total",
                     "Workers that registered since the start.")
           .Add({});
  auto& losses = CounterFamily(registry, "starling_worker_losses_total",
                               "Workers that were lost since the start.");
  for (size_t i = 0; i < losses_.size(); ++i) {
    losses_[i] = &losses.Add({{"cause", kLossNames[i]}});
  }
  fallbacks_ = &CounterFamily(registry, "starling_checkpoint_fallbacks_total",
                              "Damaged checkpoints that were passed over.")
                    .Add({});
}

Metrics::~Metrics() = default;

void Metrics::ObserveUnit(Duration duration) {
  units_->Observe(Seconds(duration));
}
void Metrics::ObserveGeneration(Duration duration) {
  generations_->Observe(Seconds(duration));
}
void Metrics::ObserveUpdate(Duration duration) {
  updates_->Observe(Seconds(duration));
}
void Metrics::ObserveCheckpoint(Duration duration) {
  checkpoints_->Observe(Seconds(duration));
}
void Metrics::ObserveRpc(Rpc rpc, Duration duration, absl::StatusCode code) {
  const int i = static_cast<int>(rpc);
  rpcs_[i]->Observe(Seconds(duration));
  if (code == absl::StatusCode::kOk) return;
  const int number = static_cast<int>(code);
  ++errors_[i][number > 0 && number < kNumCodes
                   ? number
                   : static_cast<int>(absl::StatusCode::kUnknown)];
}

void Metrics::AddLeases(int n) { leases_->Increment(n); }
void Metrics::AddFailedUnit() { ++num_failed_units_; }
void Metrics::AddRejection(Rejection reason) {
  rejections_[static_cast<int>(reason)]->Increment();
}
void Metrics::AddRegistration() { registrations_->Increment(); }
void Metrics::AddLoss(Loss cause) {
  losses_[static_cast<int>(cause)]->Increment();
}
void Metrics::AddCheckpointFallbacks(int n) { fallbacks_->Increment(n); }

std::string Metrics::Text(const Snapshot& snapshot) const {
  Page page(registry_->Collect());
  AddTraining(snapshot, page);
  AddUnits(snapshot, num_failed_units_, page);
  AddAggregator(snapshot, page);
  page.Begin("starling_rpc_errors_total",
             "Calls that were answered with an error since the start.",
             MetricType::Counter);
  for (int i = 0; i < kNumRpcs; ++i) {
    for (int code = 0; code < kNumCodes; ++code) {
      if (errors_[i][code] == 0) continue;
      page.Add({{"method", kRpcNames[i]},
                {"code", absl::StatusCodeToString(
                             static_cast<absl::StatusCode>(code))}},
               static_cast<double>(errors_[i][code]));
    }
  }
  return page.Text();
}

}  // namespace starling
