// What people see of a running aggregator. Immutable.
#ifndef STARLING_AGGREGATOR_SNAPSHOT_H_
#define STARLING_AGGREGATOR_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/progress.h"

namespace starling {

struct Snapshot {
  enum class Phase {
    kTraining,
    kStopping,
    kEnding,
    kFinished,
    kStopped,
    kFailed
  };

  Phase phase = Phase::kTraining;
  // An operator has paused the run.
  bool paused = false;
  // Why nothing is computed, with a remedy; empty while there is work under
  // way.
  std::string waiting;
  // The open one.
  uint64_t generation = 0;
  // Of the last closed generation.
  std::optional<Progress> last;
  // The last evaluation on fixed seeds and on fresh ones.
  std::optional<ReturnSummary> fixed, fresh;
  // Of a search: of the last closed generation, with what the last evaluation
  // knew.
  std::optional<SearchProgress> search;
  // Mean return of the best policy so far on the fixed seeds.
  std::optional<double> best_return;
  // Mean training returns of the last generations, oldest first: at most 256.
  std::vector<double> history;
  // Training and evaluation steps a second, over the last 10 seconds or so.
  double steps_per_second = 0;
  // Seconds of computing, earlier starts of the run included.
  double elapsed_s = 0;
  uint64_t incarnation = 0;

  // All that are connected; each is one of the four below.
  int workers = 0;
  int slots = 0;
  int workers_active = 0;
  int workers_suspect = 0;
  int workers_quarantined = 0;
  int workers_draining = 0;
  // Since this start: sessions that fell silent.
  int workers_lost = 0;

  // Of the open generation.
  int units = 0;
  int units_done = 0;
  int units_outstanding = 0;
  int units_pending = 0;
  // Since this start.
  uint64_t results_accepted = 0;
  uint64_t results_duplicate = 0;
  uint64_t results_stale = 0;
  uint64_t results_rejected = 0;
  uint64_t copies = 0;
  uint64_t lease_expirations = 0;
  uint64_t audits = 0;
  uint64_t disagreements = 0;
  // Of accepted results, evaluations included.
  uint64_t env_steps = 0;
  uint64_t episodes = 0;

  // Events that wait for the coordinator.
  size_t queue_length = 0;

  // Seconds since the newest checkpoint became durable; none yet: absent.
  std::optional<double> checkpoint_age_s;
  std::optional<uint64_t> checkpoint_generation;
  // Failed attempts to write one, since this start.
  uint64_t checkpoint_failures = 0;
  // What needs a person's attention now, each with its remedy.
  std::vector<std::string> warnings;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SNAPSHOT_H_
