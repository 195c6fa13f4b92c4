// What a monitoring system may know of an aggregator, in the text format of
// Prometheus. METRICS.md lists the names.
//
// Two sources: what only passes by (how long something took, who fell silent)
// is counted here as it happens; everything else is read from the snapshot at
// the moment somebody asks. No label ever holds a worker, a unit or anything
// else that a caller chooses, so the number of time series is fixed.
//
// Thread-safe. Counting is a few atomic operations (a histogram: a short lock
// that nobody holds for long), never a look-up by name.
#ifndef STARLING_AGGREGATOR_METRICS_H_
#define STARLING_AGGREGATOR_METRICS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "aggregator/snapshot.h"

namespace prometheus {
class Counter;
class Histogram;
class Registry;
}  // namespace prometheus

namespace starling {

class Metrics {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // The calls of both services, in the order of their names below.
  enum class Rpc {
    kRegister,
    kWork,
    kHeartbeat,
    kGetBlob,
    kLeave,
    kGetStatus,
    kListWorkers,
    kPause,
    kResume,
    kStop,
    kCheckpoint,
    kDrainWorker,
  };
  static constexpr int kNumRpcs = 12;
  // Why a result was rejected: its contents can't be; its noise is not the
  // unit's; the unit table refuses it (a foreign lease, an unknown unit, an
  // answer that others contradict).
  enum class Rejection { kContents, kNoise, kUnit };
  // How a worker was lost: silent for too long, or its connection broke.
  enum class Loss { kSilent, kDisconnected };

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // From a unit's first lease to the answer that settled it.
  void ObserveUnit(Duration duration);
  // From one close of a generation to the next.
  void ObserveGeneration(Duration duration);
  // Of the parameters.
  void ObserveUpdate(Duration duration);
  // An attempt to write one.
  void ObserveCheckpoint(Duration duration);
  // A call until its answer, time that it was held included.
  void ObserveRpc(Rpc rpc, Duration duration, absl::StatusCode code);

  void AddLeases(int n);
  // A unit that ended as failed.
  void AddFailedUnit();
  void AddRejection(Rejection reason);
  void AddRegistration();
  void AddLoss(Loss cause);
  // A damaged checkpoint was passed over for an older one.
  void AddCheckpointFallbacks(int n);

  // All of them, as one page. Takes about a millisecond.
  std::string Text(const Snapshot& snapshot) const;

 private:
  static constexpr int kNumCodes = 17;

  std::unique_ptr<prometheus::Registry> registry_;
  // Owned by the registry.
  prometheus::Histogram* units_;
  prometheus::Histogram* generations_;
  prometheus::Histogram* updates_;
  prometheus::Histogram* checkpoints_;
  std::array<prometheus::Histogram*, kNumRpcs> rpcs_;
  prometheus::Counter* leases_;
  std::array<prometheus::Counter*, 3> rejections_;
  prometheus::Counter* registrations_;
  std::array<prometheus::Counter*, 2> losses_;
  prometheus::Counter* fallbacks_;
  std::atomic<uint64_t> num_failed_units_{0};
  std::array<std::array<std::atomic<uint64_t>, kNumCodes>, kNumRpcs> errors_{};
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_METRICS_H_
