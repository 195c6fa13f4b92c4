// Checkpoints, as they are in their files without the digest.
#include "aggregator/checkpoint.h"

#include "base/file.h"
#include "base/log.h"
#include "tests/fuzz/fuzz.h"

namespace starling {

bool ParseOne(absl::string_view bytes) {
  v1::Checkpoint checkpoint;
  if (!checkpoint.ParseFromArray(bytes.data(),
                                 static_cast<int>(bytes.size())) ||
      !VerifyCheckpoint(checkpoint).ok()) {
    return false;
  }
  const std::string serialized = SerializeDeterministically(checkpoint);
  v1::Checkpoint again;
  CHECK(again.ParseFromString(serialized));
  const absl::Status status = VerifyCheckpoint(again);
  CHECK(status.ok()) << status;
  CHECK(SerializeDeterministically(again) == serialized);
  return true;
}

std::vector<std::string> Seeds() {
  v1::Checkpoint checkpoint;
  checkpoint.set_format_version(CheckpointStore::kFormatVersion);
  checkpoint.mutable_experiment()->set_name("fuzz");
  checkpoint.mutable_experiment()->mutable_env()->mutable_pendulum();
  v1::EnvSpec& spec = *checkpoint.mutable_env_spec();
  spec.set_name("pendulum");
  spec.set_state_size(3);
  spec.set_action_size(1);
  spec.add_action_low(-2);
  spec.add_action_high(2);
  spec.set_max_steps(200);
  v1::PolicyState& state = *checkpoint.mutable_state();
  state.set_generation(3);
  for (int i = 0; i < 4; ++i) {
    state.mutable_distribution()->add_mean(0.25f * i);
  }
  state.mutable_distribution()->set_sigma(0.05f);
  checkpoint.set_strategy("state");
  checkpoint.set_env_steps(1200);
  std::vector<std::string> seeds = {SerializeDeterministically(checkpoint)};
  v1::BestPolicy& best = *checkpoint.mutable_best();
  *best.mutable_mean() = state.distribution().mean();
  best.set_fixed_return(-200);
  best.set_fresh_return(-210);
  v1::Moments& moments = *state.mutable_moments();
  moments.set_count(2);
  for (int i = 0; i < 3; ++i) {
    moments.add_sum_low(100);
    moments.add_sum_high(0);
    moments.add_square_low(20000);
    moments.add_square_high(0);
  }
  *best.mutable_moments() = moments;
  seeds.push_back(SerializeDeterministically(checkpoint));
  return seeds;
}

}  // namespace starling
