// A run without environments: for tests of what happens above them.
//
// Linking this library registers a policy `linear` with one parameter for each
// element of the state and a random start, and a policy `edge_pruned` of which
// a search keeps global.edges of them; and answers work units with a function
// of the unit's point, zero where it is not kept, plus luck that depends on the
// episode's seed alone: a pure function of the unit and the state, as a real
// worker's answer.
#ifndef STARLING_AGGREGATOR_SIMULATED_RUN_H_
#define STARLING_AGGREGATOR_SIMULATED_RUN_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "aggregator/trainer.h"
#include "base/vectors.h"
#include "proto/env.pb.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

using Objective = std::function<double(const Eigen::VectorXf& point)>;

// -|x|^2, and the same with condition number 100.
double Sphere(const Eigen::VectorXf& point);
double Ellipsoid(const Eigen::VectorXf& point);

// An environment whose `linear` policy has this many parameters.
v1::EnvSpec SimulatedSpec(int parameters);

// openai_es with 8 directions, 2 episodes a point, evaluation every 2
// generations on 3 + 2 seeds, a budget of 6 generations.
v1::Experiment SimulatedExperiment();

// A trainer of `experiment`; CHECK-fails if there can't be one.
std::unique_ptr<Trainer> MakeTrainer(const v1::Experiment& experiment,
                                     int parameters, int threads = 1);

// Answers to units [i] of a trainer of `experiment`. Return of an episode:
// objective(point) + luck * a standard normal. Lengths are 1 to 5.
std::vector<v1::RolloutResult> Simulate(const v1::Experiment& experiment,
                                        const Trainer& trainer,
                                        const Objective& objective,
                                        double luck = 0);

// Simulates generations until the run is over, `max_generations` at most.
// CHECK-fails on an error. Returns their Progress.
std::vector<Progress> RunSimulated(const v1::Experiment& experiment,
                                   Trainer* trainer, const Objective& objective,
                                   double luck = 0,
                                   int max_generations = 1 << 30);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SIMULATED_RUN_H_
