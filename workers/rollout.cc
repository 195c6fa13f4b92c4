#include "workers/rollout.h"

#include <cmath>

#include "base/log.h"
#include "base/observation.h"
#include "base/protocol.h"

namespace starling {

Rollout::Rollout(const v1::EnvSpec& spec, std::atomic<uint64_t>* steps)
    : low_(spec.action_size()),
      high_(spec.action_size()),
      state_(Eigen::VectorXf::Zero(spec.state_size())),
      action_(Eigen::VectorXf::Zero(spec.action_size())),
      episode_moments_(static_cast<int>(spec.state_size())),
      steps_(steps != nullptr ? steps : &own_steps_) {
  CHECK_EQ(spec.action_low_size(), action_.size());
  CHECK_EQ(spec.action_high_size(), action_.size());
  for (int i = 0; i < action_.size(); ++i) {
    low_[i] = spec.action_low(i);
    high_[i] = spec.action_high(i);
  }
}

Episode Rollout::Run(Env& env, const Normalizer& normalizer, Policy& policy,
                     Rng rng, Moments* moments) {
  const auto diverged = [](Episode episode, Divergence divergence) {
    episode.outcome = Outcome::kDiverged;
    episode.divergence = divergence;
    return episode;
  };
  uint64_t steps = steps_->load(std::memory_order_relaxed);
  if (moments != nullptr) episode_moments_.Clear();
  policy.Reset();
  env.Reset(rng);

  Episode episode;
  while (episode.outcome == Outcome::kRunning) {
    const Observation seen = env.observation();
    normalizer.Apply(seen.state, state_);
    policy.Act({.state = {state_.data(), state_.size()}, .image = seen.image},
               action_);
    if (!CutAction()) return diverged(episode, Divergence::kAction);
    if (moments != nullptr) episode_moments_.Add(seen.state);

    const StepResult result = env.Step(action_);
    // A plain store: only this thread writes.
    steps_->store(++steps, std::memory_order_relaxed);
    if (result.outcome == Outcome::kDiverged) {
      return diverged(episode, Divergence::kPhysics);
    }
    episode.total_reward += result.reward;
    if (!(std::abs(episode.total_reward) <= kLargestReturn)) {
      return diverged(episode, Divergence::kReward);
    }
    ++episode.length;
    episode.outcome = result.outcome;
  }
  if (moments != nullptr) moments->Merge(episode_moments_);
  return episode;
}

bool Rollout::CutAction() {
  bool is_finite = true;
  for (int i = 0; i < action_.size(); ++i) {
    const float raw = action_[i];
    is_finite &= std::isfinite(raw);
    const float cut = raw > high_[i] ? high_[i] : raw;
    action_[i] = cut < low_[i] ? low_[i] : cut;
  }
  return is_finite;
}

}  // namespace starling
