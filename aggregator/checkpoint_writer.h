// Writes checkpoints on a thread of its own, so that a slow or full disk never
// holds up training.
#ifndef STARLING_AGGREGATOR_CHECKPOINT_WRITER_H_
#define STARLING_AGGREGATOR_CHECKPOINT_WRITER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "proto/checkpoint.pb.h"

namespace starling {

// Thread-safe. Of checkpoints that wait only the latest is written. A failed
// one is tried again every `retry`, until a newer one replaces it; the failure
// is logged once a minute.
class CheckpointWriter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct State {
    // Of the newest checkpoint that is safely on disk.
    std::optional<uint64_t> durable_generation;
    std::optional<Time> durable_at;
    // Why the last attempt failed; OK if it did not.
    absl::Status last_error;
    // Nothing waits or is being written.
    bool idle = true;
    // Tickets of the last one that an attempt was made for, and of the last one
    // that is safely on disk; 0: none.
    uint64_t attempted = 0;
    uint64_t durable = 0;
    // Attempts that failed.
    uint64_t failures = 0;
  };

  // `save` runs on the writer's thread; so does `changed`, after each attempt.
  CheckpointWriter(std::function<absl::Status(v1::Checkpoint)> save,
                   std::chrono::milliseconds retry,
                   std::function<void()> changed);
  // Ends the thread; what still waits is not written.
  ~CheckpointWriter();

  // Answers its ticket: 1, 2, ..
  uint64_t Submit(v1::Checkpoint checkpoint);
  State state() const;

 private:
  void Run();

  const std::function<absl::Status(v1::Checkpoint)> save_;
  const std::chrono::milliseconds retry_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<v1::Checkpoint> waiting_;  // guarded by mutex_
  uint64_t last_ticket_ = 0;               // guarded by mutex_
  Time not_before_{};                      // guarded by mutex_
  State state_;                            // guarded by mutex_
  bool quit_ = false;                      // guarded by mutex_
  std::thread thread_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_CHECKPOINT_WRITER_H_
