// Turns what the coordinator knows into what a person sees.
#ifndef STARLING_DEPLOY_RUN_RUN_VIEW_H_
#define STARLING_DEPLOY_RUN_RUN_VIEW_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "aggregator/progress_view.h"
#include "aggregator/snapshot.h"
#include "proto/checkpoint.pb.h"
#include "proto/experiment.pb.h"

namespace starling {

// Of one start of a run. Not thread-safe.
class RunView {
 public:
  // `failed_units` counts on while this lives.
  RunView(const v1::Experiment& experiment,
          const std::atomic<uint64_t>* failed_units);

  ProgressView Of(const Snapshot& snapshot);

 private:
  // Seconds to the end of the budget at this start's pace.
  std::optional<double> Remaining(const Snapshot& snapshot) const;

  const v1::Experiment experiment_;
  const std::atomic<uint64_t>* const failed_units_;
  const std::chrono::steady_clock::time_point began_;
  std::optional<uint64_t> first_generation_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_RUN_RUN_VIEW_H_
