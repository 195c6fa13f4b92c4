// Gathers what people see of a running aggregator: remembers what only passes
// by (the last generations, how many steps, who fell silent), looks up the
// rest, and says what needs a person's attention.
//
// Not thread-safe; the clock is injected. Build takes microseconds.
#ifndef STARLING_AGGREGATOR_SNAPSHOT_BUILDER_H_
#define STARLING_AGGREGATOR_SNAPSHOT_BUILDER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "aggregator/checkpoint_writer.h"
#include "aggregator/progress.h"
#include "aggregator/session_table.h"
#include "aggregator/snapshot.h"
#include "aggregator/unit_table.h"
#include "proto/work.pb.h"

namespace starling {

class SnapshotBuilder {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit SnapshotBuilder(uint64_t incarnation) {
    snapshot_.incarnation = incarnation;
  }

  // The best policy of earlier starts returned so much on the fixed seeds.
  void SetBest(double fixed_return) { snapshot_.best_return = fixed_return; }
  // A generation was closed.
  void AddGeneration(const Progress& progress);
  // The steps and episodes of an answer that was accepted.
  void AddSteps(const v1::RolloutResult& answer);
  // An answer was rejected before it came to the unit table.
  void AddRejection() { ++rejected_at_the_door_; }
  // A session fell silent.
  void AddLostWorker() { ++snapshot_.workers_lost; }

  struct Sources {
    Snapshot::Phase phase;
    uint64_t generation;
    double elapsed_s;
    const SessionTable& sessions;
    const UnitTable& units;
    const CheckpointWriter::State& checkpoints;
    // That of run.db; "" for none.
    const std::string& store_warning;
    bool paused = false;
    size_t queue_length = 0;
  };
  // Measures the speed, too: to be called a few times a second.
  const Snapshot& Build(const Sources& sources, Time now);
  // Of the last Build.
  const Snapshot& snapshot() const { return snapshot_; }

 private:
  void AddSearch(const SearchProgress& search);
  void MeasureSpeed(Time now);
  void Warn(const Sources& sources);
  std::string WhyWaiting(const Sources& sources) const;

  Snapshot snapshot_;
  uint64_t rejected_at_the_door_ = 0;
  // When there had been how many steps, over the last while.
  std::deque<std::pair<Time, uint64_t>> speed_samples_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SNAPSHOT_BUILDER_H_
