// How long a checkpoint takes, by the number of parameters.
#ifndef STARLING_DEPLOY_BENCH_CHECKPOINT_BENCH_H_
#define STARLING_DEPLOY_BENCH_CHECKPOINT_BENCH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace starling {

struct CheckpointRow {
  int parameters = 0;
  double mib = 0;
  // Medians. A save is complete: file, fsync, rename, fsync of the folder,
  // removal of an older one. A load checks every byte.
  double save_s = 0;
  double save_worst_s = 0;
  double load_s = 0;
  int repetitions = 0;
};

// Saves and loads a checkpoint of a policy with Adam's state, which holds three
// numbers a parameter, `repetitions` >= 1 times in a folder made in `folder`.
// The loads find the file in memory. InvalidArgument: a number out of range;
// NotFound: no folder; the errors of the store.
absl::StatusOr<CheckpointRow> MeasureCheckpoint(int parameters, int repetitions,
                                                const std::string& folder);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_CHECKPOINT_BENCH_H_
