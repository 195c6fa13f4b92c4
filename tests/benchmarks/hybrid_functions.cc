// Minimising functions of real and categorical variables: a strategy for the
// reals with a search for the categories, beside evolution that mutates both.
//
//   bazel run //tests/benchmarks:hybrid_functions [-- SEEDS [VARIABLES ..]]
//
// Each function is turned and moved, another instance for each seed. Of its
// variables a fifth or a half are categories, the whole numbers from -5 to 5;
// reals are searched from 0, or in [-5, 5] where they are mutated. Everybody
// gets 200 evaluations a variable; strategies spend the last quarter of them on
// the reals alone, with a tenth of sigma and step. Printed: the smallest value
// that was seen, geometric mean over the seeds.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/trainer.h"
#include "base/log.h"
#include "base/resolve.h"
#include "base/text_proto.h"
#include "envs/env.h"
#include "nas/sampling.h"
#include "workers/evaluator.h"

namespace starling {
namespace {

constexpr int kLevels = 11;
constexpr double kLow = -5, kHigh = 5;
constexpr int kEvaluationsPerVariable = 200;
constexpr int kPairs = 16;

struct Problem {
  std::string function;
  int dimension;
  // Every so many-th variable is one.
  int categories_every;
  uint64_t seed;

  int categorical() const { return dimension / categories_every; }
  int num_evaluations() const { return kEvaluationsPerVariable * dimension; }
  v1::EnvConfig env() const {
    v1::EnvConfig config;
    CHECK(ParseTextProto(
              absl::StrCat(function, " { dimension: ", dimension,
                           " offset: 0 rotated: true shift: 4 instance: ", seed,
                           " }"),
              "benchmark", &config)
              .ok());
    return Resolve(config);
  }
};

std::string Strategy(double factor) {
  return absl::StrCat(
      "openai_es { num_directions: ", kPairs, " sigma: ", 0.1 * factor,
      " weight_decay: 0 shaping { centered_rank {} } optimizer { adam { "
      "step_size: ",
      0.1 * factor, " } } }");
}

// A strategy with a controller, as `starling search` runs them.
double StrategyAndSearch(const Problem& problem,
                         const std::string& controller) {
  // Each has its pairs and one evaluation of the centre.
  const int generations = problem.num_evaluations() / (2 * kPairs + 1);
  const int fine_tuning = generations / 4;
  v1::Experiment experiment;
  CHECK(ParseTextProto(
            absl::StrCat(
                "normalizer { enabled: false } strategy { ", Strategy(1),
                " } search { candidates: 0 front_size: 0 sampled_episodes: 0 "
                "fine_tune_generations: ",
                fine_tuning, " fine_tune_strategy { ", Strategy(0.1),
                " } } budget { generations: ", generations - fine_tuning,
                " } evaluation { every: 1 episodes: 1 fresh_episodes: 0 } "
                "policy { hybrid_point { categorical: ",
                problem.categorical(), " levels: ", kLevels, " low: ", kLow,
                " high: ", kHigh, " } } controller { ", controller,
                " } seed: ", problem.seed),
            "benchmark", &experiment)
            .ok());
  *experiment.mutable_env() = problem.env();
  experiment = Resolve(experiment);
  const auto evaluator = Evaluator::Create(experiment);
  CHECK(evaluator.ok()) << evaluator.status();
  const auto trainer =
      Trainer::Create(experiment, (*evaluator)->env_spec(), /*threads=*/1);
  CHECK(trainer.ok()) << trainer.status();
  double best = std::numeric_limits<double>::infinity();
  while (!(*trainer)->finished()) {
    (*evaluator)
        ->SetState(std::make_shared<v1::PolicyState>((*trainer)->state()));
    std::vector<v1::RolloutResult> results;
    for (const v1::WorkUnit& unit : (*trainer)->units()) {
      results.push_back((*evaluator)->Evaluate(unit));
      CHECK_EQ(results.back().status(), v1::RolloutResult::OK);
      best = std::min(best, -results.back().returns(0));
    }
    const auto progress = (*trainer)->Advance(results);
    CHECK(progress.ok()) << progress.status();
  }
  return best;
}

// Reals and categories as decisions of one space.
class MixedPoints {
 public:
  explicit MixedPoints(const Problem& problem)
      : env_(*EnvRegistry::Make(problem.env())), point_(problem.dimension) {
    const int reals = problem.dimension - problem.categorical();
    v1::SearchSpace message;
    for (int i = 0; i < reals; ++i) {
      v1::Decision* decision = message.add_decisions();
      decision->set_name(absl::StrCat("x", i));
      decision->mutable_real()->set_min(kLow);
      decision->mutable_real()->set_max(kHigh);
    }
    v1::Decision* decision = message.add_decisions();
    decision->set_name("categories");
    decision->mutable_one_of()->set_num_candidates(kLevels);
    decision->mutable_one_of()->set_count(problem.categorical());
    space_ = *SearchSpace::Create(std::move(message));
  }

  const SearchSpace& space() const { return space_; }

  double Value(const Choices& choices) {
    const int reals = space_.num_decisions() - 1;
    for (int i = 0; i < reals; ++i) {
      point_[i] = static_cast<float>(space_.Number(i, choices[i][0]));
    }
    for (size_t i = 0; i < choices[reals].size(); ++i) {
      point_[reals + i] = static_cast<float>(
          kLow + (kHigh - kLow) * choices[reals][i] / (kLevels - 1));
    }
    env_->Reset(Rng(0));
    return -env_->Step(point_).reward;
  }

 private:
  const std::unique_ptr<Env> env_;
  Eigen::VectorXf point_;
  SearchSpace space_;
};

// A population of 100; the best of 10 is changed, the oldest leaves.
double RegularizedEvolution(const Problem& problem) {
  constexpr int kPopulation = 100, kTournament = 10;
  MixedPoints points(problem);
  Rng rng(DeriveSeed(problem.seed, Stream::kController, 0, 0, 0));
  std::deque<std::pair<double, Choices>> queue;
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < problem.num_evaluations(); ++i) {
    Choices child;
    if (queue.size() < kPopulation) {
      child = Sample(points.space(), &rng);
    } else {
      const auto* parent = &queue[rng.Below(kPopulation)];
      for (int k = 1; k < kTournament; ++k) {
        const auto* other = &queue[rng.Below(kPopulation)];
        if (other->first < parent->first) parent = other;
      }
      child = Mutate(points.space(), parent->second, &rng);
    }
    const double value = points.Value(child);
    best = std::min(best, value);
    queue.emplace_back(value, std::move(child));
    if (queue.size() > kPopulation) queue.pop_front();
  }
  return best;
}

// A change of the best so far takes its place if it is no worse.
double HillClimbing(const Problem& problem) {
  MixedPoints points(problem);
  Rng rng(DeriveSeed(problem.seed, Stream::kController, 0, 0, 0));
  Choices best = Sample(points.space(), &rng);
  double least = points.Value(best);
  for (int i = 1; i < problem.num_evaluations(); ++i) {
    Choices child = Mutate(points.space(), best, &rng);
    const double value = points.Value(child);
    if (value > least) continue;
    least = value;
    best = std::move(child);
  }
  return least;
}

void Compare(const std::string& function, int dimension, int categories_every,
             int num_seeds) {
  constexpr int kMethods = 5;
  double logs[kMethods] = {};
  for (int seed = 1; seed <= num_seeds; ++seed) {
    const Problem problem = {function, dimension, categories_every,
                             static_cast<uint64_t>(seed)};
    const double values[kMethods] = {
        StrategyAndSearch(problem, "policy_gradient { step_size: 0.1 }"),
        StrategyAndSearch(problem, "regularized_evolution {}"),
        StrategyAndSearch(problem, "hill_climbing {}"),
        RegularizedEvolution(problem), HillClimbing(problem)};
    for (int i = 0; i < kMethods; ++i) logs[i] += std::log(values[i]);
  }
  std::printf("| %s | %d + %d |", function.c_str(),
              dimension - dimension / categories_every,
              dimension / categories_every);
  for (const double sum : logs)
    std::printf(" %.3g |", std::exp(sum / num_seeds));
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  const int num_seeds = argc > 1 ? std::atoi(argv[1]) : 5;
  std::vector<int> dimensions;
  for (int i = 2; i < argc; ++i) dimensions.push_back(std::atoi(argv[i]));
  if (dimensions.empty()) dimensions = {40, 125, 250, 400};
  std::printf(
      "| function | real + categorical | ES + policy_gradient "
      "| ES + regularized_evolution | ES + hill_climbing "
      "| regularized evolution alone | hill climbing alone |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const int categories_every : {5, 2}) {
    for (const char* function :
         {"sphere", "ellipsoid", "rosenbrock", "rastrigin"}) {
      for (const int dimension : dimensions) {
        starling::Compare(function, dimension, categories_every, num_seeds);
      }
    }
  }
}
