// How a search trains what it has chosen.
#ifndef STARLING_AGGREGATOR_FINE_TUNING_H_
#define STARLING_AGGREGATOR_FINE_TUNING_H_

#include "proto/es.pb.h"
#include "proto/experiment.pb.h"

namespace starling {

// search.fine_tune_strategy, or else the run's with sigma and step halved.
v1::StrategyConfig FineTuningStrategy(const v1::Experiment& experiment);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_FINE_TUNING_H_
