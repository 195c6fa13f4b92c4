#include "aggregator/es/antithetic.h"

#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aggregator/es/fitness_shaping.h"
#include "aggregator/es/norm.h"
#include "base/log.h"
#include "base/saved_vector.h"
#include "base/status.h"
#include "proto/strategy_state.pb.h"

namespace starling {
namespace {

// Squares of larger elements would overflow inside an optimiser.
constexpr double kLargestAscent = 1e150;

void SetDefaults(v1::OpenAiEs* config) {
  if (config->optimizer().kind_case() == v1::OptimizerConfig::KIND_NOT_SET) {
    config->mutable_optimizer()->mutable_adam()->set_step_size(0.02);
  }
  if (config->shaping().kind_case() == v1::FitnessShaping::KIND_NOT_SET) {
    config->mutable_shaping()->mutable_centered_rank();
  }
  if (config->noise().kind_case() == v1::NoiseConfig::KIND_NOT_SET) {
    config->mutable_noise()->mutable_gaussian();
  }
}

absl::Status Validate(const v1::OpenAiEs& config,
                      const Eigen::VectorXf& initial) {
  if (initial.size() < 1) {
    return absl::InvalidArgumentError("the policy has no parameters to train");
  }
  for (int i = 0; i < initial.size(); ++i) {
    if (!std::isfinite(initial[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("initial parameter ", i, " is ", initial[i]));
    }
  }
  const uint32_t directions = config.num_directions();
  if (directions < 1 || directions > 65536) {
    return absl::InvalidArgumentError(
        absl::StrCat("num_directions must be in [1, 65536], got ", directions));
  }
  // The workers multiply by the float.
  const float sigma = static_cast<float>(config.sigma());
  if (!(sigma > 0) || !std::isfinite(sigma)) {
    return absl::InvalidArgumentError(
        absl::StrCat("sigma must be finite and > 0 in single precision, got ",
                     config.sigma()));
  }
  if (!(config.weight_decay() >= 0) || !std::isfinite(config.weight_decay())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "weight_decay must be finite and >= 0, got ", config.weight_decay()));
  }
  if (config.shaping().ars().top_directions() > directions) {
    return absl::InvalidArgumentError(absl::StrCat(
        "top_directions must be at most num_directions = ", directions,
        ", got ", config.shaping().ars().top_directions()));
  }
  return absl::OkStatus();
}

absl::Status NotFinite(uint64_t generation, absl::string_view what, int index,
                       double value) {
  return absl::InternalError(absl::StrCat(
      "generation ", generation, ": ", what, " ", index, " became ", value,
      "; the parameters stay as they were. Try a smaller step_size"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Strategy>> AntitheticStrategy::Create(
    v1::OpenAiEs config, const Eigen::VectorXf& initial) {
  SetDefaults(&config);
  RETURN_IF_ERROR(Validate(config, initial));
  ASSIGN_OR_RETURN(std::unique_ptr<Optimizer> optimizer,
                   OptimizerRegistry::Make(config.optimizer(),
                                           static_cast<int>(initial.size())));
  return std::unique_ptr<Strategy>(
      new AntitheticStrategy(config, initial, std::move(optimizer)));
}

AntitheticStrategy::AntitheticStrategy(const v1::OpenAiEs& config,
                                       const Eigen::VectorXf& initial,
                                       std::unique_ptr<Optimizer> optimizer)
    : config_(config),
      distribution_{initial, static_cast<float>(config.sigma())},
      optimizer_(std::move(optimizer)) {}

absl::Status AntitheticStrategy::Tell(
    const Noise& noise, uint64_t generation,
    absl::Span<const DirectionOutcome> outcomes, int threads) {
  CHECK_EQ(outcomes.size(), config_.num_directions());
  const ShapedFitness shaped =
      ShapeFitness(config_.shaping(), outcomes, distribution_.sigma);
  if (shaped.valid_pairs == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("generation ", generation, ": none of its ",
                     outcomes.size(), " pairs is valid"));
  }

  // ghat.
  const Eigen::VectorXf& mean = distribution_.mean;
  Eigen::VectorXd ascent = Eigen::VectorXd::Zero(mean.size());
  if (!shaped.flat) {
    noise.WeightedSum(generation, shaped.weights, threads, ascent);
  }
  for (int i = 0; i < mean.size(); ++i) {
    ascent[i] -= config_.weight_decay() * mean[i];
    if (!(std::abs(ascent[i]) <= kLargestAscent)) {
      return NotFinite(generation, "gradient element", i, ascent[i]);
    }
  }

  // The step, taken on copies until it is known to be sound.
  std::unique_ptr<Optimizer> optimizer = optimizer_->Clone();
  const Eigen::VectorXd step = optimizer->Step(ascent);
  Eigen::VectorXf moved(mean.size());
  Eigen::VectorXd update(mean.size());
  for (int i = 0; i < mean.size(); ++i) {
    moved[i] = static_cast<float>(mean[i] + step[i]);
    if (!std::isfinite(moved[i])) {
      return NotFinite(generation, "parameter", i, moved[i]);
    }
    update[i] = static_cast<double>(moved[i]) - mean[i];
  }
  last_update_norm_ = Norm(absl::MakeConstSpan(update.data(), update.size()));
  flat_fitness_ = shaped.flat;
  distribution_.mean = std::move(moved);
  optimizer_ = std::move(optimizer);
  return absl::OkStatus();
}

std::string AntitheticStrategy::Save() const {
  v1::AntitheticState state;
  SaveVector(distribution_.mean, state.mutable_mean());
  state.set_optimizer_kind(OptimizerRegistry::KindOf(config_.optimizer()));
  state.set_optimizer(optimizer_->Save());
  return state.SerializeAsString();
}

absl::Status AntitheticStrategy::Restore(const std::string& bytes) {
  v1::AntitheticState state;
  if (!state.ParseFromString(bytes)) {
    return absl::DataLossError("saved strategy state is damaged");
  }
  const std::string kind = OptimizerRegistry::KindOf(config_.optimizer());
  if (state.optimizer_kind() != kind) {
    return absl::DataLossError(
        absl::StrCat("saved optimizer is \"", state.optimizer_kind(),
                     "\", the configuration says ", kind));
  }
  Eigen::VectorXf mean(distribution_.mean.size());
  RETURN_IF_ERROR(RestoreVector(state.mean(), "mean", &mean));
  RETURN_IF_ERROR(optimizer_->Restore(state.optimizer()));
  distribution_.mean = std::move(mean);
  last_update_norm_ = 0;
  flat_fitness_ = false;
  return absl::OkStatus();
}

}  // namespace starling
