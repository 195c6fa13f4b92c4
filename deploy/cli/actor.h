// A trained policy that acts on raw observations: normaliser and network in
// one. Not thread-safe.
#ifndef STARLING_DEPLOY_CLI_ACTOR_H_
#define STARLING_DEPLOY_CLI_ACTOR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "base/observation.h"
#include "base/vectors.h"
#include "policies/normalizer.h"
#include "policies/policy.h"
#include "proto/env.pb.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

class Actor {
 public:
  // The policy at the mean of `state`, whitened by its moments. The errors of
  // the policy's factory; InvalidArgument if the state does not fit.
  static absl::StatusOr<std::unique_ptr<Actor>> Create(
      const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
      const v1::PolicyState& state);

  // A new episode begins.
  void Reset() { policy_->Reset(); }
  // Writes the action [action_size] for a raw observation.
  void Act(const Observation& raw, VectorRef action);
  // Where the last Act looked.
  Gaze gaze() const { return policy_->gaze(); }

 private:
  Actor(std::unique_ptr<Policy> policy, Normalizer normalizer);

  std::unique_ptr<Policy> policy_;
  Normalizer normalizer_;
  Eigen::VectorXf normalised_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_ACTOR_H_
