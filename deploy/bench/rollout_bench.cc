#include "deploy/bench/rollout_bench.h"

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/moments.h"
#include "base/rng.h"
#include "base/status.h"
#include "envs/env.h"
#include "envs/mujoco/mujoco_env.h"
#include "policies/normalizer.h"
#include "policies/policy.h"
#include "proto/experiment.pb.h"
#include "workers/rollout.h"

namespace starling {
namespace {

// One turn lasts at least so long, so that the clock does not count, and little
// longer, so that both ways meet the same weather.
constexpr double kTurn_s = 0.05;
constexpr int kMinTurns = 3;

// Of this thread: other programs do not count.
double ProcessorSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

// Passes everything on and keeps the actions, [action_size] after
// [action_size].
class RecordingEnv : public Env {
 public:
  explicit RecordingEnv(Env& env) : env_(env) {}

  const v1::EnvSpec& spec() const override { return env_.spec(); }
  void Reset(Rng rng) override { env_.Reset(rng); }
  StepResult Step(ConstVectorRef action) override {
    actions_.insert(actions_.end(), action.begin(), action.end());
    return env_.Step(action);
  }
  Observation observation() const override { return env_.observation(); }

  std::vector<float>& actions() { return actions_; }

 private:
  Env& env_;
  std::vector<float> actions_;
};

// The episodes of one turn: episode e starts from Rng(e).
struct Recording {
  std::vector<uint32_t> lengths;  // in steps
  std::vector<float> actions;     // [steps, action_size]
};

class Bench {
 public:
  static absl::StatusOr<std::unique_ptr<Bench>> Create(
      const v1::EnvConfig& config) {
    ASSIGN_OR_RETURN(std::unique_ptr<Env> env, EnvRegistry::Make(config));
    v1::PolicyConfig policy_config;
    policy_config.mutable_linear()->set_bias(true);
    ASSIGN_OR_RETURN(std::unique_ptr<Policy> policy,
                     PolicyRegistry::Make(policy_config, env->spec()));
    return std::unique_ptr<Bench>(new Bench(std::move(env), std::move(policy)));
  }

  // Episodes for one turn, after a turn that fills the normaliser.
  void Record() {
    for (const bool is_rehearsal : {true, false}) {
      RecordingEnv recorder(*env_);
      recording_ = {};
      const double start = ProcessorSeconds();
      do {
        PlayEpisode(recorder, recording_.lengths.size());
        recording_.lengths.push_back(recorder.actions().size() / action_size_ -
                                     num_steps());
      } while (ProcessorSeconds() - start < kTurn_s);
      recording_.actions = std::move(recorder.actions());
      if (is_rehearsal) {
        normalizer_ = Normalizer(v1::NormalizerConfig(), moments_);
      }
    }
  }

  // Seconds of one turn.
  double TimeRollouts() {
    const double start = ProcessorSeconds();
    for (size_t e = 0; e < recording_.lengths.size(); ++e) {
      PlayEpisode(*env_, e);
    }
    return ProcessorSeconds() - start;
  }

  double TimeBare() {
    auto* const mujoco = dynamic_cast<MujocoEnv*>(env_.get());
    const double start = ProcessorSeconds();
    const float* action = recording_.actions.data();
    for (size_t e = 0; e < recording_.lengths.size(); ++e) {
      env_->Reset(Rng(e));
      for (uint32_t step = 0; step < recording_.lengths[e]; ++step) {
        if (mujoco != nullptr) {
          StepBare(*mujoco, action);
        } else {
          env_->Step(Eigen::Map<const Eigen::VectorXf>(action, action_size_));
        }
        action += action_size_;
      }
    }
    return ProcessorSeconds() - start;
  }

  // Of one turn.
  int64_t num_steps() const {
    int64_t sum = 0;
    for (const uint32_t length : recording_.lengths) sum += length;
    return sum;
  }

 private:
  Bench(std::unique_ptr<Env> env, std::unique_ptr<Policy> policy)
      : env_(std::move(env)),
        policy_(std::move(policy)),
        action_size_(static_cast<int>(env_->spec().action_size())),
        rollout_(env_->spec()),
        normalizer_(static_cast<int>(env_->spec().state_size())),
        moments_(normalizer_.size()) {
    Eigen::VectorXf theta(policy_->num_parameters());
    for (int k = 0; k < theta.size(); ++k) {
      theta[k] = 0.03f * (static_cast<float>(7919 * k % 1000) / 500 - 1);
    }
    policy_->SetParameters(theta);
  }

  Episode PlayEpisode(Env& env, uint64_t episode) {
    return rollout_.Run(env, normalizer_, *policy_, Rng(episode),
                        &moments_);
  }

  static void StepBare(MujocoEnv& env, const float* action) {
    mjData* const data = env.data();
    for (int i = 0; i < env.model()->nu; ++i) data->ctrl[i] = action[i];
    for (int i = 0; i < env.frame_skip(); ++i) mj_step(env.model(), data);
  }

  const std::unique_ptr<Env> env_;
  const std::unique_ptr<Policy> policy_;
  const int action_size_;
  Rollout rollout_;
  Normalizer normalizer_;
  Moments moments_;
  Recording recording_;
};

double Median(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

absl::StatusOr<RolloutBench> MeasureRollouts(const v1::EnvConfig& config,
                                             double seconds) {
  if (!(seconds > 0 && seconds <= 3600)) {
    return absl::InvalidArgumentError(
        absl::StrCat("seconds must be in (0, 3600], got ", seconds));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Bench> bench, Bench::Create(config));
  bench->Record();

  std::vector<double> rollout_s, bare_s;
  double total_s = 0;
  while (total_s < seconds || rollout_s.size() < kMinTurns) {
    rollout_s.push_back(bench->TimeRollouts());
    bare_s.push_back(bench->TimeBare());
    total_s += rollout_s.back() + bare_s.back();
  }
  RolloutBench result;
  result.env = EnvRegistry::KindOf(config);
  result.steps_per_s = bench->num_steps() / Median(rollout_s);
  result.bare_steps_per_s = bench->num_steps() / Median(bare_s);
  result.ratio = result.steps_per_s / result.bare_steps_per_s;
  return result;
}

}  // namespace starling
