// The evaluator threads of a worker: units in, results out.
//
// Each slot is a thread that builds, uses and destroys its own evaluator (a GL
// context must not change threads). Knows nothing of the network. Thread-safe.
#ifndef STARLING_WORKERS_SLOT_POOL_H_
#define STARLING_WORKERS_SLOT_POOL_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

// What a slot computes with; workers/evaluator.h is the one that runs episodes.
// One thread at a time, except for steps().
class UnitEvaluator {
 public:
  virtual ~UnitEvaluator() = default;
  virtual const v1::EnvSpec& env_spec() const = 0;
  virtual void SetState(std::shared_ptr<const v1::PolicyState> state) = 0;
  virtual v1::RolloutResult Evaluate(const v1::WorkUnit& unit) = 0;
  // Grows while a unit makes progress. Any thread.
  virtual uint64_t steps() const = 0;
  // Nobody waits any more for the unit under way, or for later ones: Evaluate
  // returns soon, with anything, if it can. Any thread.
  virtual void BreakOff() {}
};

using EvaluatorFactory =
    std::function<absl::StatusOr<std::unique_ptr<UnitEvaluator>>(
        const v1::Experiment&)>;

class SlotPool {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Starts the threads and waits until each has its evaluator; the first error
  // of the factory otherwise. `on_result` is called on the slots' threads.
  static absl::StatusOr<std::unique_ptr<SlotPool>> Create(
      int slots, const v1::Experiment& experiment, EvaluatorFactory factory,
      std::function<void(v1::LeasedResult)> on_result);
  // Breaks off the units that have begun, or waits for them where that can't
  // be done; their answers are dropped.
  ~SlotPool();

  const v1::EnvSpec& env_spec() const { return env_spec_; }
  // Units of this state's generation may begin.
  void SetState(std::shared_ptr<const v1::PolicyState> state);
  void Add(const v1::Lease& lease);
  // Forgets units that have not begun: these, those of other generations, or
  // all.
  void Cancel(absl::Span<const uint64_t> leases);
  void KeepOnly(uint64_t generation);
  void CancelAll();
  // Leases of units that wait or run.
  std::vector<uint64_t> held() const;
  int num_held() const;
  // Units that run, and answers that were passed on but not claimed: while
  // there are some, results are still to come.
  int num_unfinished() const;
  // Who took an answer from on_result has it where it belongs.
  void Claim();
  // Breaks off the units that have begun; no others will. False if some still
  // run after `limit`, because their evaluators can't do so.
  bool EndWithin(std::chrono::milliseconds limit);
  // Describes a unit that made no step for `timeout`; "" if there is none. To
  // be called now and then.
  std::string FindStuck(std::chrono::milliseconds timeout, Time now);

 private:
  struct Slot {
    std::thread thread;
    std::unique_ptr<UnitEvaluator> evaluator;
    bool is_running = false;
    v1::Lease lease;
    uint64_t seen_steps = 0;
    Time progress_at;
  };

  SlotPool(int slots, std::function<void(v1::LeasedResult)> on_result);
  void Run(Slot* slot, const v1::Experiment& experiment,
           const EvaluatorFactory& factory);
  // Under the lock.
  bool CanBegin() const;
  int NumRunning() const;

  const std::function<void(v1::LeasedResult)> on_result_;
  v1::EnvSpec env_spec_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_:
  std::deque<v1::Lease> waiting_;
  std::shared_ptr<const v1::PolicyState> state_;
  int num_built_ = 0;
  int num_unclaimed_ = 0;
  absl::Status build_status_;
  bool quit_ = false;
  std::vector<Slot> slots_;  // `thread` is the owner's, `evaluator` the slot's
};

}  // namespace starling

#endif  // STARLING_WORKERS_SLOT_POOL_H_
