// Results of rollouts, as they come from a worker, against their unit.
#include "aggregator/result_check.h"
#include "base/file.h"
#include "base/log.h"
#include "tests/fuzz/fuzz.h"

namespace starling {
namespace {

v1::WorkUnit Unit() {
  v1::WorkUnit unit;
  unit.set_generation(4);
  unit.set_index(2);
  unit.set_direction(1);
  unit.set_sign(1);
  unit.set_episode_seed(99);
  unit.set_episodes(2);
  unit.set_keep_moments(true);
  return unit;
}

v1::EnvSpec Spec() {
  v1::EnvSpec spec;
  spec.set_name("pendulum");
  spec.set_state_size(1);
  spec.set_action_size(1);
  spec.set_max_steps(200);
  return spec;
}

}  // namespace

bool ParseOne(absl::string_view bytes) {
  v1::RolloutResult result;
  if (!result.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !CheckResult(Unit(), result, Spec()).ok()) {
    return false;
  }
  const std::string serialized = SerializeDeterministically(result);
  v1::RolloutResult again;
  CHECK(again.ParseFromString(serialized));
  const absl::Status status = CheckResult(Unit(), again, Spec());
  CHECK(status.ok()) << status;
  CHECK(SerializeDeterministically(again) == serialized);
  return true;
}

std::vector<std::string> Seeds() {
  v1::RolloutResult result;
  result.set_generation(4);
  result.set_index(2);
  result.add_returns(-100.5);
  result.add_returns(1e-3);
  result.add_lengths(200);
  result.add_lengths(7);
  result.set_perturbation_check(12345);
  v1::Moments& moments = *result.mutable_observations();
  moments.set_count(207);
  moments.add_sum_low(1000);
  moments.add_sum_high(0);
  moments.add_square_low(100000);
  moments.add_square_high(0);
  v1::RolloutResult failed;
  failed.set_generation(4);
  failed.set_index(2);
  failed.set_status(v1::RolloutResult::ENV_ERROR);
  failed.set_perturbation_check(12345);
  failed.set_detail("the model is missing");
  return {SerializeDeterministically(result),
          SerializeDeterministically(failed)};
}

}  // namespace starling
