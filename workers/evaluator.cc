#include "workers/evaluator.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/moments.h"
#include "base/protocol.h"
#include "base/rng.h"
#include "base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace starling {
namespace {

// What a configuration may ask for at most (proto/es.proto, experiment.proto).
constexpr uint32_t kMaxDirections = 65536;
constexpr uint32_t kMaxEpisodes = 1024;
constexpr size_t kMaxDetailBytes = 256;

// The noise of the strategy that is set, whatever its kind; the default if it
// names none.
v1::NoiseConfig NoiseOf(const v1::StrategyConfig& strategy) {
  const auto* reflection = strategy.GetReflection();
  const auto* kind = reflection->GetOneofFieldDescriptor(
      strategy, v1::StrategyConfig::descriptor()->FindOneofByName("kind"));
  if (kind == nullptr) return {};
  const google::protobuf::Message& options =
      reflection->GetMessage(strategy, kind);
  const auto* noise = options.GetDescriptor()->FindFieldByName("noise");
  v1::NoiseConfig config;
  if (noise != nullptr) {
    config.CopyFrom(options.GetReflection()->GetMessage(options, noise));
  }
  return config;
}

std::string Describe(const Episode& episode, uint32_t index,
                     uint32_t num_episodes) {
  const std::string where =
      absl::StrCat("episode ", index + 1, " of ", num_episodes, ", step ",
                   episode.length + 1, ": ");
  switch (episode.divergence) {
    case Divergence::kAction:
      return where + "the policy's action is not finite";
    case Divergence::kPhysics:
      return where + "the environment's physics diverged";
    case Divergence::kReward:
      return absl::StrCat(where, "the return is not a number within +-",
                          kLargestReturn);
    case Divergence::kNone:
      break;
  }
  LOG(FATAL) << "no divergence to describe";
  return where;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Evaluator>> Evaluator::Create(
    const v1::Experiment& experiment, std::atomic<uint64_t>* steps) {
  ASSIGN_OR_RETURN(std::unique_ptr<Env> env,
                   EnvRegistry::Make(experiment.env()));
  ASSIGN_OR_RETURN(std::unique_ptr<Policy> policy,
                   PolicyRegistry::Make(experiment.policy(), env->spec()));
  ASSIGN_OR_RETURN(std::unique_ptr<Noise> noise,
                   Noise::Create(NoiseOf(experiment.strategy()),
                                 experiment.seed(), policy->layout()));
  return std::unique_ptr<Evaluator>(new Evaluator(
      experiment, std::move(env), std::move(policy), std::move(noise), steps));
}

Evaluator::Evaluator(const v1::Experiment& experiment, std::unique_ptr<Env> env,
                     std::unique_ptr<Policy> policy,
                     std::unique_ptr<Noise> noise, std::atomic<uint64_t>* steps)
    : normalizer_config_(experiment.normalizer()),
      env_(std::move(env)),
      policy_(std::move(policy)),
      noise_(std::move(noise)),
      rollout_(env_->spec(), steps),
      point_(Eigen::VectorXf::Zero(policy_->num_parameters())),
      epsilon_(Eigen::VectorXf::Zero(policy_->num_parameters())),
      moments_(static_cast<int>(env_->spec().state_size())),
      state_fault_("no PolicyState was given"),
      normalizer_(moments_.size()) {}

void Evaluator::SetState(std::shared_ptr<const v1::PolicyState> state) {
  CHECK(state != nullptr);
  state_ = std::move(state);
  noise_stream_.reset();
  state_fault_ = FindFault(*state_);
  if (!state_fault_.empty()) return;

  const absl::StatusOr<Moments> moments =
      Moments::FromProto(state_->moments(), moments_.size());
  if (!moments.ok()) {
    state_fault_ = std::string(moments.status().message());
    return;
  }
  normalizer_ = Normalizer(normalizer_config_, *moments);
  noise_stream_ = noise_->Open(state_->generation());
}

v1::RolloutResult Evaluator::Evaluate(const v1::WorkUnit& unit) {
  v1::RolloutResult result;
  result.set_generation(unit.generation());
  result.set_index(unit.index());
  const auto fail = [&result](v1::RolloutResult::Status status,
                              const std::string& detail) {
    result.set_status(status);
    result.set_detail(detail.substr(0, kMaxDetailBytes));
    result.clear_returns();
    result.clear_lengths();
    return result;
  };
  const std::string fault =
      state_fault_.empty() ? FindFault(unit) : state_fault_;
  if (!fault.empty()) return fail(v1::RolloutResult::ENV_ERROR, fault);

  result.set_perturbation_check(MovePoint(unit));
  const absl::Status status = policy_->SetArchitecture(unit.architecture());
  if (!status.ok()) {
    return fail(v1::RolloutResult::ENV_ERROR,
                absl::StrCat("the unit's architecture: ", status.message()));
  }
  policy_->SetParameters(point_);

  moments_.Clear();
  for (uint32_t e = 0; e < unit.episodes(); ++e) {
    const Rng rng(DeriveSeed(unit.episode_seed(), Stream::kEnv, e, 0, 0));
    const Episode episode =
        rollout_.Run(*env_, normalizer_, *policy_, rng,
                     unit.keep_moments() ? &moments_ : nullptr);
    if (episode.outcome == Outcome::kDiverged) {
      return fail(v1::RolloutResult::DIVERGED,
                  Describe(episode, e, unit.episodes()));
    }
    result.add_returns(episode.total_reward);
    result.add_lengths(episode.length);
  }
  if (unit.keep_moments()) *result.mutable_observations() = moments_.ToProto();
  return result;
}

std::string Evaluator::FindFault(const v1::PolicyState& state) const {
  const v1::SearchDistribution& distribution = state.distribution();
  if (distribution.mean_size() != num_parameters()) {
    return absl::StrCat("the state's mean has ", distribution.mean_size(),
                        " numbers, the policy ", num_parameters(),
                        " parameters");
  }
  if (!(distribution.sigma() >= 0) || std::isinf(distribution.sigma())) {
    return absl::StrCat("the state's sigma is ", distribution.sigma(),
                        "; it must be finite and >= 0");
  }
  if (state.generation() >> 32 != 0) {
    return absl::StrCat("the state's generation is ", state.generation(),
                        "; it must be below 2^32");
  }
  return "";
}

std::string Evaluator::FindFault(const v1::WorkUnit& unit) const {
  if (unit.generation() != state_->generation()) {
    return absl::StrCat("the unit is of generation ", unit.generation(),
                        ", the state of ", state_->generation());
  }
  if (unit.sign() < -1 || unit.sign() > 1) {
    return absl::StrCat("the unit's sign is ", unit.sign(),
                        "; it must be -1, 0 or 1");
  }
  if (unit.sign() != 0 && unit.direction() >= kMaxDirections) {
    return absl::StrCat("the unit's direction is ", unit.direction(),
                        "; it must be below ", kMaxDirections);
  }
  if (unit.episodes() < 1 || unit.episodes() > kMaxEpisodes) {
    return absl::StrCat("the unit asks for ", unit.episodes(),
                        " episodes; it must be 1 to ", kMaxEpisodes);
  }
  return "";
}

uint64_t Evaluator::MovePoint(const v1::WorkUnit& unit) {
  const v1::SearchDistribution& distribution = state_->distribution();
  const float* mean = distribution.mean().data();
  const int d = num_parameters();
  if (unit.sign() == 0) {
    point_ = Eigen::Map<const Eigen::VectorXf>(mean, d);
    return 0;
  }
  noise_stream_->Fill(static_cast<int>(unit.direction()), epsilon_);
  const float step = static_cast<float>(unit.sign()) * distribution.sigma();
  for (int i = 0; i < d; ++i) point_[i] = mean[i] + step * epsilon_[i];
  return NoiseCheck(epsilon_);
}

}  // namespace starling
