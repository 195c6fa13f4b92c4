// A worker's evaluator, small enough to try a million inputs on.
#ifndef STARLING_TESTS_FUZZ_SMALL_WORKER_H_
#define STARLING_TESTS_FUZZ_SMALL_WORKER_H_

#include <memory>

#include "base/log.h"
#include "base/text_proto.h"
#include "workers/evaluator.h"

namespace starling {

// Episodes of two steps, three observations, three parameters.
inline std::unique_ptr<Evaluator> NewSmallWorker() {
  v1::Experiment experiment;
  const absl::Status status = ParseTextProto(
      "seed: 1 env { pendulum {} max_steps: 2 } policy { linear {} }"
      "strategy { ars {} }",
      "small worker", &experiment);
  CHECK(status.ok()) << status;
  return Evaluator::Create(experiment).value();
}

// The state of generation 7.
inline v1::PolicyState SmallState() {
  v1::PolicyState state;
  state.set_generation(7);
  for (const float x : {0.5f, -0.25f, 1.0f}) {
    state.mutable_distribution()->add_mean(x);
  }
  state.mutable_distribution()->set_sigma(0.1f);
  return state;
}

// One of its units.
inline v1::WorkUnit SmallUnit() {
  v1::WorkUnit unit;
  unit.set_generation(7);
  unit.set_index(3);
  unit.set_direction(1);
  unit.set_sign(-1);
  unit.set_episode_seed(99);
  unit.set_episodes(2);
  unit.set_keep_moments(true);
  return unit;
}

}  // namespace starling

#endif  // STARLING_TESTS_FUZZ_SMALL_WORKER_H_
