// What run.db should hold and does not yet: accepted answers, closed
// generations, workers, and the removal of what a checkpoint now covers.
//
// An answer may be acknowledged only once Commit has said yes. While run.db
// can't be written (a full disk) everything stays here and is tried again, with
// a word to the log once a minute; nothing is lost. If run.db is damaged, it is
// left alone from then on: what it would hold only saves time after a restart,
// so training goes on without.
//
// Not thread-safe: for the thread that owns the storage. The clock is injected.
#ifndef STARLING_AGGREGATOR_STORE_BACKLOG_H_
#define STARLING_AGGREGATOR_STORE_BACKLOG_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "aggregator/progress.h"
#include "aggregator/run_store.h"
#include "aggregator/storage.h"

namespace starling {

class StoreBacklog {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `storage` outlives the object. `retry`: between attempts to write what
  // could not be written.
  StoreBacklog(Storage* storage, std::chrono::milliseconds retry)
      : storage_(storage), retry_(retry) {}

  void AddAnswer(SessionResult answer) {
    answers_.push_back(std::move(answer));
  }
  // RunStore::Convict, in time; also forgets answers of this worker that wait.
  void Convict(const Standing& standing, std::optional<uint64_t> suspect);
  void AddProgress(const Progress& progress, double elapsed_s) {
    progress_.push_back({progress, elapsed_s});
  }
  void AddWorker(WorkerRecord worker) { workers_.push_back(std::move(worker)); }

  // Stores convictions, then the answers, in one transaction; true if none of
  // them waits any more.
  bool Commit(Time now);
  // Stores the rest, and drops the answers of generations that are in a durable
  // checkpoint. What fails is left for a later call.
  void Upkeep(Time now, std::optional<uint64_t> durable_generation);

  // Answers, or convictions.
  bool has_answers() const {
    return !answers_.empty() || !convictions_.empty();
  }
  bool has_progress() const { return !progress_.empty(); }
  // When Commit is worth a call.
  Time next_commit() const { return next_commit_; }
  // For people, while run.db can't be written; else "".
  const std::string& warning() const { return warning_; }

 private:
  absl::Status Store();
  absl::Status Persist(std::optional<uint64_t> durable_generation);
  void Warn(const absl::Status& status, Time now);

  Storage* const storage_;
  const std::chrono::milliseconds retry_;
  std::vector<SessionResult> answers_;
  // With the generation to go back to.
  std::deque<std::pair<Standing, std::optional<uint64_t>>> convictions_;
  // With the seconds of computing until then.
  std::deque<std::pair<Progress, double>> progress_;
  std::deque<WorkerRecord> workers_;
  uint64_t dropped_before_ = 0;
  bool is_damaged_ = false;
  // After a failed write: when to try again.
  Time next_commit_{}, next_upkeep_{};
  std::optional<Time> warned_;
  std::string warning_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_STORE_BACKLOG_H_
