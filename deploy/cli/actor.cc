#include "deploy/cli/actor.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/moments.h"
#include "base/status.h"

namespace starling {

absl::StatusOr<std::unique_ptr<Actor>> Actor::Create(
    const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
    const v1::PolicyState& state) {
  ASSIGN_OR_RETURN(std::unique_ptr<Policy> policy,
                   PolicyRegistry::Make(experiment.policy(), env_spec));
  const auto& mean = state.distribution().mean();
  if (mean.size() != policy->num_parameters()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the policy has ", mean.size(), " parameters, its configuration and ",
        env_spec.name(), " need ", policy->num_parameters(),
        "; use the environment that it was trained in"));
  }
  RETURN_IF_ERROR(policy->SetArchitecture(state.choice()));
  policy->SetParameters(
      Eigen::Map<const Eigen::VectorXf>(mean.data(), mean.size()));

  const int size = static_cast<int>(env_spec.state_size());
  Normalizer normalizer(size);
  if (state.moments().count() > 0) {
    ASSIGN_OR_RETURN(const Moments moments,
                     Moments::FromProto(state.moments(), size));
    normalizer = Normalizer(experiment.normalizer(), moments);
  }
  return std::unique_ptr<Actor>(
      new Actor(std::move(policy), std::move(normalizer)));
}

Actor::Actor(std::unique_ptr<Policy> policy, Normalizer normalizer)
    : policy_(std::move(policy)),
      normalizer_(std::move(normalizer)),
      normalised_(normalizer_.size()) {}

void Actor::Act(const Observation& raw, VectorRef action) {
  normalizer_.Apply(raw.state, normalised_);
  Observation observation;
  observation.image = raw.image;
  new (&observation.state)
      Eigen::Map<const Eigen::VectorXf>(normalised_.data(), normalised_.size());
  policy_->Act(observation, action);
}

}  // namespace starling
