// Units that had no return, kept in a run's directory so that each can be
// evaluated again: `starling replay RUN --generation G --unit I`.
//
// A file `failed/unit-<G>-<I>.strl` holds a v1::FailedUnit (experiment, state
// of the generation, unit, what was reported) and its SHA-256, so it needs no
// checkpoint. The newest 20 are kept, and of the units of a generation the
// first 3 that crashed or ended in an error; those whose physics diverged are
// common and alike, so one in 10 s is enough.
//
// What is kept depends on the clock; nothing of the run does. Not thread-safe.
// A file costs about 10 ms (it is flushed to the disk).
#ifndef STARLING_AGGREGATOR_FAILED_UNITS_H_
#define STARLING_AGGREGATOR_FAILED_UNITS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/experiment.pb.h"
#include "proto/failed_unit.pb.h"
#include "proto/work.pb.h"

namespace starling {

class FailedUnits {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr size_t kNumKept = 20;
  static constexpr int kKeptOfAGeneration = 3;
  static constexpr std::chrono::seconds kBetweenDiverged{10};

  // `run`: the run's directory, as it is to stand in commands. "": keeps
  // nothing, and has no commands to give.
  FailedUnits(const v1::Experiment& experiment, const std::string& run);

  // Of a generation that is complete, by index: keeps those that the rules
  // above want, and tells the log of each, with its command.
  void Note(const v1::PolicyState& state, absl::Span<const v1::WorkUnit> units,
            absl::Span<const v1::RolloutResult> results, Time now);
  // The command that evaluates the first failed unit of these again, as the
  // end of a message: ". To evaluate it again: starling ..". "" if none failed
  // or it can't be kept.
  std::string Reproduction(const v1::PolicyState& state,
                           absl::Span<const v1::WorkUnit> units,
                           absl::Span<const v1::RolloutResult> results);
  // The same for one unit.
  std::string Reproduction(const v1::PolicyState& state,
                           const v1::WorkUnit& unit,
                           const v1::RolloutResult& result);

 private:
  // Whether a file was written.
  bool Keep(const v1::PolicyState& state, const v1::WorkUnit& unit,
            const v1::RolloutResult& result);
  void Prune() const;
  std::string CommandFor(const v1::WorkUnit& unit) const;

  const v1::Experiment experiment_;
  // Of the run and of its failed units; "" for none.
  const std::string run_, folder_;
  std::optional<Time> kept_diverged_;
};

// A unit of a run, as evaluated again: a failed one that was kept, or one of a
// generation that has a checkpoint (then without `result`). NotFound says what
// there is; DataLoss: damaged; FailedPrecondition: of a newer Starling.
absl::StatusOr<v1::FailedUnit> LoadUnit(const std::string& run,
                                        uint64_t generation, uint32_t index);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_FAILED_UNITS_H_
