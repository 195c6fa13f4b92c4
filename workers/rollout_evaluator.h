// The evaluator that runs episodes, as the slots of a worker see it.
#ifndef STARLING_WORKERS_ROLLOUT_EVALUATOR_H_
#define STARLING_WORKERS_ROLLOUT_EVALUATOR_H_

#include "workers/slot_pool.h"

namespace starling {

// Makes a workers/evaluator.h for each slot.
EvaluatorFactory RolloutEvaluators();

}  // namespace starling

#endif  // STARLING_WORKERS_ROLLOUT_EVALUATOR_H_
