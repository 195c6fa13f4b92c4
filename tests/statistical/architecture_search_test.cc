// Does a search find what matters, and is the gradient of the shared weights
// what the theory says?
//
// The problem: an unstable linear system with 8 states and 4 actions, action j
// moving states 2j and 2j + 1 only; the return is minus the mean cost of 20
// steps. Of the 32 edges of a linear policy the 8 on those blocks suffice.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/es/active_noise.h"
#include "aggregator/trainer.h"
#include "base/noise.h"
#include "base/rng.h"
#include "base/text_proto.h"
#include "gtest/gtest.h"
#include "nas/sampling.h"
#include "policies/policy.h"

namespace starling {
namespace {

constexpr int kStates = 8, kActions = 4, kSteps = 20;

v1::EnvSpec SystemSpec() {
  v1::EnvSpec spec;
  spec.set_name("linear_system");
  spec.set_state_size(kStates);
  spec.set_action_size(kActions);
  for (int i = 0; i < kActions; ++i) {
    spec.add_action_low(-1e6);
    spec.add_action_high(1e6);
  }
  spec.set_max_steps(kSteps);
  return spec;
}

v1::Experiment SystemExperiment(const std::string& controller) {
  v1::Experiment experiment;
  EXPECT_TRUE(ParseTextProto(R"(
      policy { edge_pruned { mlp { bias: false output_scale: 0.01 }
                             global { edges: 8 } } }
      normalizer { enabled: false }
      strategy { openai_es { num_directions: 40 sigma: 0.1 weight_decay: 0
                             shaping { z_score {} }
                             optimizer { adam { step_size: 0.05 } } } }
      budget { generations: 300 }
      evaluation { every: 0 episodes: 1 fresh_episodes: 0 }
      search { candidates: 0 fine_tune_generations: 0 front_size: 0 }
      controller { )" + controller +
                                 " }",
                             "a test", &experiment)
                  .ok());
  return experiment;
}

// `growth` of a state by itself, a step.
double Return(Policy& policy, Rng rng, float growth = 1.1f) {
  Eigen::VectorXf x(kStates), u(kActions);
  for (float& value : x) value = static_cast<float>(rng.Normal());
  double cost = 0;
  for (int step = 0; step < kSteps; ++step) {
    Observation observation;
    new (&observation.state)
        Eigen::Map<const Eigen::VectorXf>(x.data(), kStates);
    policy.Act(observation, u);
    cost += x.squaredNorm() + 0.1 * u.squaredNorm();
    for (int i = 0; i < kStates; ++i) {
      const float next = growth * x[i] + 0.2f * x[i ^ 1] +
                         0.5f * u[i / 2] * (i % 2 ? 1 : 0.7f);
      x[i] = next + 0.05f * static_cast<float>(rng.Normal());
    }
  }
  return -cost / kSteps;
}

std::unique_ptr<Policy> SystemPolicy(const v1::Experiment& experiment) {
  return *PolicyRegistry::Make(experiment.policy(), SystemSpec());
}

// How many of the 8 edges on the blocks a search has chosen in the end.
int NumFound(const std::string& controller, uint64_t seed) {
  v1::Experiment experiment = SystemExperiment(controller);
  experiment.set_seed(seed);
  const auto trainer = *Trainer::Create(experiment, SystemSpec(), 1);
  const auto policy = SystemPolicy(experiment);
  Eigen::VectorXf epsilon(policy->num_parameters());
  while (!trainer->finished()) {
    const v1::SearchDistribution& distribution =
        trainer->state().distribution();
    const Eigen::VectorXf mean = Eigen::Map<const Eigen::VectorXf>(
        distribution.mean().data(), distribution.mean_size());
    const auto stream = trainer->noise().Open(trainer->state().generation());
    std::vector<v1::RolloutResult> results;
    for (const v1::WorkUnit& unit : trainer->units()) {
      Eigen::VectorXf point = mean;
      v1::RolloutResult& result = results.emplace_back();
      result.set_generation(unit.generation());
      result.set_index(unit.index());
      if (unit.sign() != 0) {
        stream->Fill(static_cast<int>(unit.direction()), epsilon);
        point +=
            static_cast<float>(unit.sign()) * distribution.sigma() * epsilon;
        result.set_perturbation_check(NoiseCheck(epsilon));
      }
      EXPECT_TRUE(policy->SetArchitecture(unit.architecture()).ok());
      policy->SetParameters(point);
      result.add_returns(Return(*policy, Rng(unit.episode_seed())));
      result.add_lengths(kSteps);
    }
    const auto progress = trainer->Advance(results);
    EXPECT_TRUE(progress.ok()) << progress.status();
    if (!progress.ok()) return -1;
  }
  const Choices chosen =
      *policy->search_space().Decode(trainer->state().choice());
  return static_cast<int>(std::count_if(
      chosen[0].begin(), chosen[0].end(),
      [](int32_t edge) { return edge / kStates == (edge % kStates) / 2; }));
}

TEST(ArchitectureSearchTest, PlackettLuceFindsTheEdgesThatMatter) {
  for (const uint64_t seed : {1, 2, 3}) {
    EXPECT_GE(NumFound("policy_gradient {}", seed), 7) << "seed " << seed;
  }
}

TEST(ArchitectureSearchTest, RandomProposalsDoNot) {
  int found = 0;
  for (const uint64_t seed : {1, 2, 3}) found += NumFound("random {}", seed);
  EXPECT_LE(found, 3 * 4);
}

// The estimate of the gradient at a point, from pairs whose halves share their
// architecture and the episode's seed, or do not.
Eigen::VectorXd Estimate(Policy& policy, const Noise& noise, uint64_t repeat,
                         bool shares) {
  constexpr int kPairs = 40;
  constexpr double kSigma = 0.1;
  const int d = policy.num_parameters();
  const auto stream = noise.Open(repeat);
  Eigen::VectorXf epsilon(d);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(d);
  for (int i = 0; i < kPairs; ++i) {
    stream->Fill(i, epsilon);
    double returns[2];
    for (const int half : {0, 1}) {
      const int own = shares ? 0 : half;
      Rng choice(DeriveSeed(5, Stream::kController, repeat, i, own));
      EXPECT_TRUE(policy
                      .SetArchitecture(policy.search_space().Encode(
                          Sample(policy.search_space(), &choice)))
                      .ok());
      // Around a gain that helps: which edges live makes a difference.
      Eigen::VectorXf point = Eigen::VectorXf::Constant(d, 0);
      for (int edge = 0; edge < d; ++edge) {
        if (edge / kStates == (edge % kStates) / 2) point[edge] = -0.7f;
      }
      point +=
          (half == 0 ? 1.0f : -1.0f) * static_cast<float>(kSigma) * epsilon;
      policy.SetParameters(point);
      // Stable without any action.
      returns[half] =
          Return(policy, Rng(DeriveSeed(5, Stream::kEnv, repeat, i, own)),
                 /*growth=*/0.7f);
    }
    sum += (returns[0] - returns[1]) / (2 * kSigma) * epsilon.cast<double>();
  }
  return sum / kPairs;
}

TEST(ArchitectureSearchTest, PairsThatShareHaveAFifthOfTheVarianceOrLess) {
  const v1::Experiment experiment = SystemExperiment("random {}");
  const auto policy = SystemPolicy(experiment);
  const auto noise = *Noise::Create({}, 1, policy->layout());
  constexpr int kRepeats = 300;
  double variance[2];
  for (const bool shares : {false, true}) {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(policy->num_parameters());
    double squares = 0;
    for (int r = 0; r < kRepeats; ++r) {
      const Eigen::VectorXd g = Estimate(*policy, *noise, r, shares);
      sum += g;
      squares += g.squaredNorm();
    }
    variance[shares] = squares / kRepeats - (sum / kRepeats).squaredNorm();
  }
  RecordProperty("variance_ratio", std::to_string(variance[0] / variance[1]));
  EXPECT_GT(variance[0], 5 * variance[1]);
}

// The gradient of f = the sum of a_j theta_j over the parameters that live, as
// estimated by pairs with random sets of them.
class SetGradient {
 public:
  static constexpr int kParameters = 20, kKept = 6;

  struct Moments {
    Eigen::VectorXd mean, error;
    // Of the estimate, around its mean.
    double variance = 0;
  };

  static Eigen::VectorXd Slopes() {
    return Eigen::VectorXd::LinSpaced(kParameters, 0.5, 1.5);
  }

  static Moments Estimate(bool masked) {
    constexpr int kPairs = 40, kRepeats = 4000;
    constexpr double kSigma = 0.1;
    v1::SearchSpace message;
    message.add_decisions()->set_name("edges");
    message.mutable_decisions(0)->mutable_many_of()->set_k(kKept);
    message.mutable_decisions(0)->mutable_many_of()->set_num_candidates(
        kParameters);
    const SearchSpace space = *SearchSpace::Create(message);
    const auto noise = *Noise::Create({}, 1, {{"weights", 0, 1, kParameters}});
    const Eigen::VectorXd a = Slopes();
    Eigen::VectorXf epsilon(kParameters);
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(kParameters);
    Eigen::VectorXd squares = Eigen::VectorXd::Zero(kParameters);
    for (int r = 0; r < kRepeats; ++r) {
      const auto stream = noise->Open(r);
      std::vector<double> weights;
      std::vector<std::vector<int>> active;
      for (int i = 0; i < kPairs; ++i) {
        stream->Fill(i, epsilon);
        Rng rng(DeriveSeed(2, Stream::kController, r, i, 0));
        const Choices choices = Sample(space, &rng);
        double plus = 0;
        for (const int j : choices[0]) plus += a[j] * kSigma * epsilon[j];
        weights.push_back(plus / kSigma / kPairs);
        active.emplace_back(choices[0].begin(), choices[0].end());
      }
      Eigen::VectorXd estimate(kParameters);
      const ActiveNoise mask(*noise, std::move(active));
      (masked ? static_cast<const Noise&>(mask) : *noise)
          .WeightedSum(r, weights, 1, estimate);
      sum += estimate;
      squares += estimate.cwiseProduct(estimate);
    }
    Moments moments;
    moments.mean = sum / kRepeats;
    const Eigen::ArrayXd variance =
        squares.array() / kRepeats - moments.mean.array().square();
    moments.error = (variance / kRepeats).sqrt();
    moments.variance = variance.sum();
    return moments;
  }
};

// E ghat_j = p_j a_j, where p_j is the probability that j lives.
TEST(ArchitectureSearchTest, TheGradientIsThatOfTheMeanOverArchitectures) {
  const double p =
      static_cast<double>(SetGradient::kKept) / SetGradient::kParameters;
  for (const bool masked : {false, true}) {
    const SetGradient::Moments moments = SetGradient::Estimate(masked);
    for (int j = 0; j < SetGradient::kParameters; ++j) {
      EXPECT_NEAR(moments.mean[j], p * SetGradient::Slopes()[j],
                  4.5 * moments.error[j])
          << "coordinate " << j << (masked ? ", masked" : "");
    }
  }
}

// Of the plain estimate's variance a share of 1 - p is noise of parameters that
// do not live.
TEST(ArchitectureSearchTest, AMaskedGradientHasLessThanHalfTheVariance) {
  const double plain = SetGradient::Estimate(false).variance;
  const double masked = SetGradient::Estimate(true).variance;
  RecordProperty("variance_ratio", std::to_string(plain / masked));
  EXPECT_LT(masked, plain / 2);
}

}  // namespace
}  // namespace starling
