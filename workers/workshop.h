// What a worker has built to serve a run: evaluators on slots, and this
// machine's fingerprint.
//
// Results come through an event queue, so whoever runs its events needs no lock
// against the slots' threads; those of slots that are no more are dropped
// there. For the thread that runs the queue's events.
#ifndef STARLING_WORKERS_WORKSHOP_H_
#define STARLING_WORKERS_WORKSHOP_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/event_queue.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"
#include "workers/outbox.h"
#include "workers/slot_pool.h"

namespace starling {

using FingerprintFunction =
    std::function<absl::StatusOr<v1::Fingerprint>(const v1::Experiment&)>;

class Workshop {
 public:
  // Results appear in `outbox`; it and `queue` outlive the object.
  Workshop(int num_slots, EvaluatorFactory make_evaluator,
           FingerprintFunction fingerprint, EventQueue* queue, Outbox* outbox);

  // Closes, then builds for this run, which takes a while. Errors are those of
  // the two functions.
  absl::Status Build(const v1::Experiment& experiment);
  // Waits for the units that have begun, and drops what comes of them.
  void Close();

  // Whether it was built, and for this very run.
  bool is_open() const { return pool_ != nullptr; }
  bool Serves(const v1::Experiment& experiment) const;
  // Counts Builds: results of one are of no use in the next.
  int build() const { return build_; }

  // Only while open.
  SlotPool& slots() { return *pool_; }
  const v1::Fingerprint& fingerprint() const { return fingerprint_; }

 private:
  const int num_slots_;
  const EvaluatorFactory make_evaluator_;
  const FingerprintFunction compute_fingerprint_;
  EventQueue* const queue_;
  Outbox* const outbox_;
  // The run's, serialized.
  std::string experiment_;
  v1::Fingerprint fingerprint_;
  int build_ = 0;
  // Last: its threads post to the queue.
  std::unique_ptr<SlotPool> pool_;
};

}  // namespace starling

#endif  // STARLING_WORKERS_WORKSHOP_H_
