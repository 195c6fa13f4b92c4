// The evaluator that runs episodes, as the slots of a worker see it.
#ifndef STARLING_WORKERS_ROLLOUT_EVALUATOR_H_
#define STARLING_WORKERS_ROLLOUT_EVALUATOR_H_

#include <atomic>
#include <cstdint>

#include "workers/slot_pool.h"

namespace starling {

// Makes a workers/evaluator.h for each slot. They count their control steps in
// `steps`, which outlives them, or each in its own counter.
EvaluatorFactory RolloutEvaluators(std::atomic<uint64_t>* steps = nullptr);

}  // namespace starling

#endif  // STARLING_WORKERS_ROLLOUT_EVALUATOR_H_
