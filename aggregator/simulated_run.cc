#include "aggregator/simulated_run.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/log.h"
#include "base/moments.h"
#include "base/noise.h"
#include "base/rng.h"
#include "base/search_space.h"
#include "base/status.h"
#include "policies/policy.h"

namespace starling {
namespace {

ParameterLayout LayoutOf(int parameters) {
  return {{"weights", 0, 1, parameters}};
}

// Has parameters, and nothing else that a trainer asks for: `keep` of them
// live, if it is not 0.
class ParametersOnly : public Policy {
 public:
  explicit ParametersOnly(int size, int keep = 0) : size_(size), live_(size) {
    std::iota(live_.begin(), live_.end(), 0);
    if (keep == 0) return;
    v1::SearchSpace space;
    v1::Decision* decision = space.add_decisions();
    decision->set_name("edges");
    decision->mutable_many_of()->set_k(keep);
    decision->mutable_many_of()->set_num_candidates(size);
    space_ = *SearchSpace::Create(space);
  }

  int num_parameters() const override { return size_; }
  ParameterLayout layout() const override { return LayoutOf(size_); }
  void InitialParameters(Rng rng, VectorRef theta) const override {
    for (int i = 0; i < size_; ++i) {
      theta[i] = static_cast<float>(1 + 0.1 * rng.Normal());
    }
  }
  void SetParameters(ConstVectorRef theta) override {}
  void Act(const Observation& observation, VectorRef action) override {}
  const SearchSpace& search_space() const override { return space_; }
  absl::Status SetArchitecture(const v1::Architecture& architecture) override {
    live_.resize(size_);
    std::iota(live_.begin(), live_.end(), 0);
    if (architecture.encoding().empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Choices choices, space_.Decode(architecture));
    live_.assign(choices[0].begin(), choices[0].end());
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::vector<double>>> Importances(
      ConstVectorRef theta) const override {
    std::vector<double> sizes;
    for (int i = 0; i < size_; ++i) sizes.push_back(std::abs(theta[i]));
    return std::vector<std::vector<double>>{sizes};
  }
  std::vector<int> ActiveParameters() const override { return live_; }
  PolicyCost Cost() const override {
    PolicyCost cost;
    cost.weights = static_cast<int64_t>(live_.size());
    return cost;
  }

 private:
  const int size_;
  SearchSpace space_;
  std::vector<int> live_;
};

STARLING_REGISTER_POLICY(
    edge_pruned,
    [](const v1::PolicyConfig& config,
       const v1::EnvSpec& spec) -> absl::StatusOr<std::unique_ptr<Policy>> {
      return std::make_unique<ParametersOnly>(
          spec.state_size(), config.edge_pruned().global().edges());
    });

STARLING_REGISTER_POLICY(linear,
                         [](const v1::PolicyConfig&, const v1::EnvSpec& spec)
                             -> absl::StatusOr<std::unique_ptr<Policy>> {
                           return std::make_unique<ParametersOnly>(
                               spec.state_size());
                         });

}  // namespace

double Sphere(const Eigen::VectorXf& point) {
  double sum = 0;
  for (const float x : point) sum += static_cast<double>(x) * x;
  return -sum;
}

double Ellipsoid(const Eigen::VectorXf& point) {
  double sum = 0;
  for (int i = 0; i < point.size(); ++i) {
    const double share = i / (point.size() - 1.0);
    sum += (1 + 99 * share * share) * point[i] * point[i];
  }
  return -sum;
}

v1::EnvSpec SimulatedSpec(int parameters) {
  v1::EnvSpec spec;
  spec.set_name("simulated");
  spec.set_state_size(parameters);
  spec.set_action_size(1);
  spec.set_max_steps(5);
  return spec;
}

v1::Experiment SimulatedExperiment() {
  v1::Experiment experiment;
  experiment.set_seed(21);
  experiment.mutable_policy()->mutable_linear();
  experiment.mutable_strategy()->mutable_openai_es()->set_num_directions(8);
  experiment.mutable_rollout()->set_episodes(2);
  experiment.mutable_budget()->set_generations(6);
  experiment.mutable_evaluation()->set_every(2);
  experiment.mutable_evaluation()->set_episodes(3);
  experiment.mutable_evaluation()->set_fresh_episodes(2);
  return experiment;
}

std::unique_ptr<Trainer> MakeTrainer(const v1::Experiment& experiment,
                                     int parameters, int threads) {
  auto trainer =
      Trainer::Create(experiment, SimulatedSpec(parameters), threads);
  CHECK(trainer.ok()) << trainer.status();
  return *std::move(trainer);
}

std::vector<v1::RolloutResult> Simulate(const v1::Experiment& experiment,
                                        const Trainer& trainer,
                                        const Objective& objective,
                                        double luck) {
  const v1::SearchDistribution& distribution = trainer.state().distribution();
  const int parameters = distribution.mean_size();
  const Eigen::VectorXf mean =
      Eigen::Map<const Eigen::VectorXf>(distribution.mean().data(), parameters);
  const auto noise =
      Noise::Create(v1::NoiseConfig(), experiment.seed(), LayoutOf(parameters));
  CHECK(noise.ok()) << noise.status();
  const auto stream = (*noise)->Open(trainer.state().generation());

  const auto policy =
      *PolicyRegistry::Make(experiment.policy(), SimulatedSpec(parameters));
  std::vector<v1::RolloutResult> results;
  Eigen::VectorXf epsilon(parameters), observation(parameters);
  for (const v1::WorkUnit& unit : trainer.units()) {
    v1::RolloutResult& result = results.emplace_back();
    result.set_generation(unit.generation());
    result.set_index(unit.index());
    Eigen::VectorXf point = mean;
    if (unit.sign() != 0) {
      stream->Fill(static_cast<int>(unit.direction()), epsilon);
      point += unit.sign() * distribution.sigma() * epsilon;
      result.set_perturbation_check(NoiseCheck(epsilon));
    }
    CHECK(policy->SetArchitecture(unit.architecture()).ok());
    Eigen::VectorXf lived = Eigen::VectorXf::Zero(parameters);
    for (const int i : policy->ActiveParameters()) lived[i] = point[i];
    Moments moments(parameters);
    for (uint32_t e = 0; e < unit.episodes(); ++e) {
      Rng rng(DeriveSeed(unit.episode_seed(), Stream::kEnv, e, 0, 0));
      result.add_returns(objective(lived) + luck * rng.Normal());
      result.add_lengths(1 + rng.Below(5));
      for (uint32_t step = 0; step < result.lengths(e); ++step) {
        for (float& x : observation) x = static_cast<float>(3 + rng.Normal());
        moments.Add(observation);
      }
    }
    if (unit.keep_moments()) *result.mutable_observations() = moments.ToProto();
  }
  return results;
}

std::vector<Progress> RunSimulated(const v1::Experiment& experiment,
                                   Trainer* trainer, const Objective& objective,
                                   double luck, int max_generations) {
  std::vector<Progress> history;
  while (!trainer->finished() &&
         static_cast<int>(history.size()) < max_generations) {
    const auto progress =
        trainer->Advance(Simulate(experiment, *trainer, objective, luck));
    CHECK(progress.ok()) << progress.status();
    history.push_back(*progress);
  }
  return history;
}

}  // namespace starling
