#include "workers/rollout.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/allocation_guard.h"

namespace starling {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int kStateSize = 3;
constexpr int kActionSize = 2;
constexpr float kLow = -1;
constexpr float kHigh = 0.5f;

v1::EnvSpec TestSpec() {
  v1::EnvSpec spec;
  spec.set_name("scripted");
  spec.set_state_size(kStateSize);
  spec.set_action_size(kActionSize);
  for (int i = 0; i < kActionSize; ++i) {
    spec.add_action_low(kLow);
    spec.add_action_high(kHigh);
  }
  return spec;
}

// Plays back rewards. Its state is (steps so far, a number drawn at Reset, the
// last action's first coordinate).
class ScriptedEnv : public Env {
 public:
  ScriptedEnv(std::vector<double> rewards, Outcome last)
      : spec_(TestSpec()), rewards_(std::move(rewards)), last_(last) {
    actions_.reserve(1000);
  }

  const v1::EnvSpec& spec() const override { return spec_; }
  void Reset(Rng rng) override {
    step_ = 0;
    actions_.clear();
    state_ = {0, static_cast<float>(rng.Uniform()), 0};
  }
  StepResult Step(ConstVectorRef action) override {
    actions_.push_back(action);
    const double reward = rewards_[step_++];
    state_ = {static_cast<float>(step_), state_[1], action[0]};
    const bool is_last = step_ == static_cast<int>(rewards_.size());
    return {reward, is_last ? last_ : Outcome::kRunning};
  }
  Observation observation() const override {
    return {.state = {state_.data(), kStateSize},
            .image = {.data = pixels_, .height = 1, .width = 2, .channels = 3}};
  }

  const std::vector<Eigen::Vector2f>& actions() const { return actions_; }
  const uint8_t* pixels() const { return pixels_; }

 private:
  const v1::EnvSpec spec_;
  const std::vector<double> rewards_;
  const Outcome last_;
  int step_ = 0;
  Eigen::Vector3f state_;
  uint8_t pixels_[6] = {1, 2, 3, 4, 5, 6};
  std::vector<Eigen::Vector2f> actions_;
};

// Answers a script of actions, whatever the bounds; keeps what it was shown.
class ScriptedPolicy : public Policy {
 public:
  explicit ScriptedPolicy(std::vector<Eigen::Vector2f> actions)
      : actions_(std::move(actions)) {
    states_.reserve(1000);
  }

  int num_parameters() const override { return 1; }
  ParameterLayout layout() const override { return {{"none", 0, 1, 1}}; }
  void InitialParameters(Rng rng, VectorRef theta) const override {}
  void SetParameters(ConstVectorRef theta) override {}
  void Reset() override {
    ++num_resets_;
    states_.clear();
  }
  void Act(const Observation& observation, VectorRef action) override {
    image_ = observation.image;
    action = actions_[states_.size() % actions_.size()];
    states_.push_back(observation.state);
  }
  PolicyCost Cost() const override { return {}; }

  const std::vector<Eigen::Vector3f>& states() const { return states_; }
  const ImageView& image() const { return image_; }
  int num_resets() const { return num_resets_; }

 private:
  const std::vector<Eigen::Vector2f> actions_;
  std::vector<Eigen::Vector3f> states_;
  ImageView image_;
  int num_resets_ = 0;
};

const Eigen::Vector2f kHarmless(0.25f, -0.25f);

Episode Play(Env& env, Policy& policy, Moments* moments = nullptr) {
  return Rollout(env.spec())
      .Run(env, Normalizer(kStateSize), policy, Rng(1), moments);
}

TEST(RolloutTest, ReturnIsTheSumOfRewardsAndLengthTheirNumber) {
  for (const Outcome last : {Outcome::kTerminated, Outcome::kTruncated}) {
    ScriptedEnv env({1.5, -2, 0.25, 1e-12}, last);
    ScriptedPolicy policy({kHarmless});

    const Episode episode = Play(env, policy);

    EXPECT_EQ(episode.total_reward, 1.5 - 2 + 0.25 + 1e-12);
    EXPECT_EQ(episode.length, 4u);
    EXPECT_EQ(episode.outcome, last);
    EXPECT_EQ(episode.divergence, Divergence::kNone);
  }
}

TEST(RolloutTest, PolicySeesWhitenedStatesAndUntouchedImages) {
  Moments seen_before(kStateSize);
  seen_before.Add(Eigen::Vector3f(0, 1, 1));
  seen_before.Add(Eigen::Vector3f(2, 0, -1));
  const Normalizer normalizer(v1::NormalizerConfig(), seen_before);
  ScriptedEnv env({0, 0}, Outcome::kTerminated);
  ScriptedPolicy policy({kHarmless});

  Rollout(env.spec()).Run(env, normalizer, policy, Rng(1));

  const float drawn = static_cast<float>(Rng(1).Uniform());
  ASSERT_EQ(policy.states().size(), 2u);
  for (int step = 0; step < 2; ++step) {
    Eigen::Vector3f raw(step, drawn, step == 0 ? 0 : kHarmless[0]);
    Eigen::Vector3f whitened;
    normalizer.Apply(raw, whitened);
    EXPECT_EQ(policy.states()[step], whitened);
    EXPECT_NE(policy.states()[step], raw);
  }
  EXPECT_EQ(policy.image().data, env.pixels());
  EXPECT_EQ(policy.image().width, 2);
}

TEST(RolloutTest, ActionsAreCutAtTheBounds) {
  ScriptedEnv env({0, 0, 0}, Outcome::kTerminated);
  ScriptedPolicy policy({kHarmless, {7, -7}, {-1.0001f, 0.5001f}});

  Play(env, policy);

  ASSERT_EQ(env.actions().size(), 3u);
  EXPECT_EQ(env.actions()[0], kHarmless);
  EXPECT_EQ(env.actions()[1], Eigen::Vector2f(kHigh, kLow));
  EXPECT_EQ(env.actions()[2], Eigen::Vector2f(kLow, kHigh));
}

TEST(RolloutTest, AnActionThatIsNotFiniteDivergesBeforeTheEnvironmentSeesIt) {
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    for (int coordinate = 0; coordinate < kActionSize; ++coordinate) {
      Eigen::Vector2f action = kHarmless;
      action[coordinate] = static_cast<float>(bad);
      ScriptedEnv env({1, 1, 1}, Outcome::kTerminated);
      ScriptedPolicy policy({kHarmless, kHarmless, action});
      Moments moments(kStateSize);

      const Episode episode = Play(env, policy, &moments);

      EXPECT_EQ(episode.outcome, Outcome::kDiverged);
      EXPECT_EQ(episode.divergence, Divergence::kAction);
      EXPECT_EQ(episode.length, 2u);
      EXPECT_EQ(env.actions().size(), 2u);
      EXPECT_EQ(moments.count(), 0u);
    }
  }
}

TEST(RolloutTest, DivergedPhysicsEndTheEpisodeAndLeaveNoMoments) {
  ScriptedEnv env({1, 1, 1}, Outcome::kDiverged);
  ScriptedPolicy policy({kHarmless});
  Moments moments(kStateSize);
  moments.Add(Eigen::Vector3f(1, 2, 3));

  const Episode episode = Play(env, policy, &moments);

  EXPECT_EQ(episode.outcome, Outcome::kDiverged);
  EXPECT_EQ(episode.divergence, Divergence::kPhysics);
  EXPECT_EQ(episode.length, 2u);
  EXPECT_EQ(moments.count(), 1u);
}

TEST(RolloutTest, RewardsThatAreNoNumberOrTooLargeNeverBecomeAReturn) {
  for (const double bad : {kNan, kInfinity, -kInfinity, 1e101, -1e101}) {
    ScriptedEnv env({1, bad, 1}, Outcome::kTerminated);
    ScriptedPolicy policy({kHarmless});

    const Episode episode = Play(env, policy);

    EXPECT_EQ(episode.outcome, Outcome::kDiverged);
    EXPECT_EQ(episode.divergence, Divergence::kReward);
    EXPECT_EQ(episode.length, 1u);
  }
}

TEST(RolloutTest, MomentsHoldExactlyTheRawStatesThatWereActedOn) {
  ScriptedEnv env({0, 0, 0}, Outcome::kTruncated);
  ScriptedPolicy policy({kHarmless});
  Moments moments(kStateSize), expected(kStateSize);
  Rollout rollout(env.spec());

  for (const uint64_t key : {1, 2}) {
    rollout.Run(env, Normalizer(kStateSize), policy, Rng(key), &moments);
    // With the identity as normaliser the policy sees raw states.
    for (const Eigen::Vector3f& state : policy.states()) expected.Add(state);
  }

  EXPECT_EQ(moments.count(), 6u);
  for (int i = 0; i < kStateSize; ++i) {
    EXPECT_EQ(moments.sum(i), expected.sum(i));
    EXPECT_EQ(moments.sum_of_squares(i), expected.sum_of_squares(i));
  }
}

TEST(RolloutTest, MomentsOfADivergedEpisodeDoNotReachTheNextOne) {
  ScriptedEnv bad({0, 0, 0, 0}, Outcome::kDiverged);
  ScriptedEnv good({0, 0}, Outcome::kTerminated);
  ScriptedPolicy policy({kHarmless});
  Moments moments(kStateSize);
  Rollout rollout(TestSpec());

  rollout.Run(bad, Normalizer(kStateSize), policy, Rng(1), &moments);
  rollout.Run(good, Normalizer(kStateSize), policy, Rng(1), &moments);

  EXPECT_EQ(moments.count(), 2u);
  EXPECT_EQ(moments.mean(0), 0.5);  // steps 0 and 1
}

TEST(RolloutTest, EveryEpisodeResetsThePolicyAndCountsItsSteps) {
  ScriptedEnv env({0, 0, 0}, Outcome::kTerminated);
  ScriptedPolicy policy({kHarmless});
  Rollout rollout(env.spec());

  for (int i = 0; i < 4; ++i) {
    rollout.Run(env, Normalizer(kStateSize), policy, Rng(1));
  }

  EXPECT_EQ(policy.num_resets(), 4);
  EXPECT_EQ(rollout.steps(), 12u);
}

TEST(RolloutTest, AllocatesNothingAfterCreation) {
  ScriptedEnv env(std::vector<double>(500, 1.0), Outcome::kTerminated);
  ScriptedPolicy policy({kHarmless});
  Moments seen_before(kStateSize);
  seen_before.Add(Eigen::Vector3f(0, 1, 1));
  seen_before.Add(Eigen::Vector3f(2, 0, -1));
  const Normalizer normalizer(v1::NormalizerConfig(), seen_before);
  Rollout rollout(env.spec());
  Moments moments(kStateSize);

  const AllocationGuard guard;
  rollout.Run(env, normalizer, policy, Rng(1), &moments);

  EXPECT_EQ(guard.count(), 0);
}

}  // namespace
}  // namespace starling
