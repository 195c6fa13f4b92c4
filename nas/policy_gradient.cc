// A distribution over architectures that moves along the gradient of the
// expected score: `policy_gradient`.
//
// Decisions are independent. A set has a logit for each candidate and is drawn
// by Plackett-Luce; a value at a place has a logit for each value; a number
// with many values is normal, with a mean and a deviation in units of its
// range.
//
//   parameters += Adam(1/n sum_i A_i grad log p(m_i) + entropy grad H)
//
// A_i: the scores of the generation, standardised; without a spread nothing is
// learned. Logits are kept within +-10 of their mean. With `ppo` the step
// becomes several, each cut where the probability of a proposal has moved by
// more than `clip`. Papers: "Simple Statistical Gradient-Following Algorithms
// for Connectionist Reinforcement Learning"; "Proximal Policy Optimization
// Algorithms".
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/adam.h"
#include "base/log.h"
#include "base/math.h"
#include "base/status.h"
#include "nas/controller.h"
#include "nas/gradient_state.h"
#include "nas/objectives.h"
#include "nas/plackett_luce.h"
#include "nas/population.h"

namespace starling {
namespace {

constexpr double kMaxLogit = 10;
// More values of an ordered decision than these are a number.
constexpr int kMaxOrdered = 64;
// Deviation of a number, in units of its range: at first, and its limits.
constexpr double kDeviation = 0.3, kMinDeviation = 1e-3, kMaxDeviation = 1;
// Draws for the probability that a candidate is in a set.
constexpr int kProbabilityDraws = 2000;

// One decision of a proposal, as it was drawn.
struct Draw {
  bool is_made = false;
  std::vector<int32_t> order;  // a set's members; the values at places
  double number = 0;           // before rounding, in units of the range
};

class PolicyGradientController : public Controller {
 public:
  PolicyGradientController(const SearchSpace& space, uint64_t seed,
                           const v1::PolicyGradient& options)
      : space_(space),
        seed_(seed),
        options_(options),
        first_(NumParameters(space)),
        parameters_(Eigen::VectorXd::Zero(first_.back())),
        adam_(AdamOptions(options), first_.back()) {
    for (int i = 0; i < space_.num_decisions(); ++i) {
      if (!IsNumber(i)) continue;
      parameters_[first_[i]] = 0.5;
      parameters_[first_[i] + 1] = Log(kDeviation);
    }
  }

  std::vector<Choices> Propose(uint64_t generation, int n) override {
    const std::vector<std::vector<PlackettLuce>> factors = Factors();
    std::vector<Choices> proposals;
    drawn_.clear();
    for (int i = 0; i < n; ++i) {
      Rng rng = ProposalRng(seed_, generation, i);
      std::vector<Draw> draws(space_.num_decisions());
      Choices choices(space_.num_decisions());
      for (int d = 0; d < space_.num_decisions(); ++d) {
        if (!space_.IsMade(d, choices)) continue;
        draws[d] = DrawOne(d, factors[d], &rng);
        choices[d] = Values(d, draws[d]);
      }
      proposals.push_back(std::move(choices));
      drawn_.push_back(std::move(draws));
    }
    return proposals;
  }

  void Learn(absl::Span<const Trial> trials) override {
    CHECK_EQ(trials.size(), drawn_.size());
    std::vector<int> tried;
    std::vector<double> scores;
    for (size_t i = 0; i < trials.size(); ++i) {
      if (!trials[i].objectives.has_value()) continue;
      tried.push_back(static_cast<int>(i));
      scores.push_back(trials[i].objectives->score);
    }
    const std::vector<double> advantages = ZScores(scores);
    const bool is_flat =
        std::all_of(advantages.begin(), advantages.end(),
                    [](double advantage) { return advantage == 0; });
    if (is_flat) return;
    if (options_.ppo().epochs() == 0) {
      Eigen::VectorXd gradient = Eigen::VectorXd::Zero(parameters_.size());
      const auto factors = Factors();
      const double share = 1.0 / static_cast<double>(tried.size());
      for (size_t i = 0; i < tried.size(); ++i) {
        AddGradient(factors, drawn_[tried[i]], share * advantages[i],
                    &gradient);
      }
      Step(factors, std::move(gradient));
    } else {
      TakeProximalSteps(tried, advantages);
    }
  }

  absl::Status Prefer(const std::vector<std::vector<double>>& logits) override {
    CHECK_EQ(static_cast<int>(logits.size()), space_.num_decisions());
    for (int d = 0; d < space_.num_decisions(); ++d) {
      CHECK(space_.is_set(d));
      CHECK_EQ(static_cast<int>(logits[d].size()), first_[d + 1] - first_[d]);
      double mean = 0;
      for (const double logit : logits[d]) {
        mean += logit / static_cast<double>(logits[d].size());
      }
      for (size_t i = 0; i < logits[d].size(); ++i) {
        parameters_[first_[d] + static_cast<int>(i)] =
            std::clamp(logits[d][i] - mean, -kMaxLogit, kMaxLogit);
      }
    }
    return absl::OkStatus();
  }

  Choices Best() const override {
    Choices best(space_.num_decisions());
    for (int d = 0; d < space_.num_decisions(); ++d) {
      if (space_.IsMade(d, best)) best[d] = MostLikely(d);
    }
    return best;
  }

  std::vector<std::vector<double>> Probabilities() const override {
    std::vector<std::vector<double>> probabilities;
    const auto factors = Factors();
    for (int d = 0; d < space_.num_decisions(); ++d) {
      probabilities.push_back(ProbabilitiesOf(d, factors[d]));
    }
    return probabilities;
  }

  std::string Save() const override {
    return SaveGradientState(space_, parameters_, adam_);
  }
  absl::Status Restore(const std::string& state) override {
    return RestoreGradientState(space_, state, &parameters_, &adam_);
  }

 private:
  static v1::Adam AdamOptions(const v1::PolicyGradient& options) {
    v1::Adam adam;
    adam.set_step_size(options.step_size());
    return adam;
  }
  static bool IsNumber(const SearchSpace& space, int decision) {
    return space.is_ordered(decision) &&
           space.num_values(decision) > kMaxOrdered;
  }
  bool IsNumber(int decision) const { return IsNumber(space_, decision); }
  // Distributions with logits of their own.
  static int NumFactors(const SearchSpace& space, int decision) {
    return space.is_set(decision) ? 1 : space.num_places(decision);
  }
  // First parameter of each decision, and the number of all.
  static std::vector<int> NumParameters(const SearchSpace& space) {
    std::vector<int> first = {0};
    for (int d = 0; d < space.num_decisions(); ++d) {
      first.push_back(first.back() +
                      (IsNumber(space, d)
                           ? 2
                           : NumFactors(space, d) * space.num_values(d)));
    }
    return first;
  }

  std::vector<std::vector<PlackettLuce>> Factors() const {
    std::vector<std::vector<PlackettLuce>> factors(space_.num_decisions());
    for (int d = 0; d < space_.num_decisions(); ++d) {
      if (IsNumber(d)) continue;
      const int values = space_.num_values(d);
      for (int i = 0; i < NumFactors(space_, d); ++i) {
        factors[d].emplace_back(absl::MakeConstSpan(
            parameters_.data() + first_[d] + i * values, values));
      }
    }
    return factors;
  }

  double Mean(int decision) const { return parameters_[first_[decision]]; }
  double Deviation(int decision) const {
    return Exp(parameters_[first_[decision] + 1]);
  }

  Draw DrawOne(int decision, const std::vector<PlackettLuce>& factors,
               Rng* rng) const {
    Draw draw{.is_made = true, .order = {}};
    if (IsNumber(decision)) {
      draw.number = Mean(decision) + Deviation(decision) * rng->Normal();
    } else if (space_.is_set(decision)) {
      draw.order = factors[0].Sample(space_.num_places(decision), rng);
    } else {
      for (const PlackettLuce& factor : factors) {
        draw.order.push_back(factor.SampleOne(rng));
      }
    }
    return draw;
  }

  std::vector<int32_t> Values(int decision, const Draw& draw) const {
    const int32_t first = space_.first_value(decision);
    if (IsNumber(decision)) return {Nearest(decision, draw.number)};
    std::vector<int32_t> values = draw.order;
    for (int32_t& value : values) value += first;
    if (space_.is_set(decision)) std::sort(values.begin(), values.end());
    return values;
  }
  int32_t Nearest(int decision, double number) const {
    const int32_t last = space_.num_values(decision) - 1;
    const double index = std::clamp(number, 0.0, 1.0) * last;
    return space_.first_value(decision) + static_cast<int32_t>(index + 0.5);
  }

  double LogProbability(const std::vector<std::vector<PlackettLuce>>& factors,
                        const std::vector<Draw>& draws) const {
    double sum = 0;
    for (int d = 0; d < space_.num_decisions(); ++d) {
      if (!draws[d].is_made) continue;
      if (IsNumber(d)) {
        const double z = (draws[d].number - Mean(d)) / Deviation(d);
        sum -= z * z / 2 + parameters_[first_[d] + 1];
      } else if (space_.is_set(d)) {
        sum += factors[d][0].LogProbability(draws[d].order);
      } else {
        for (size_t i = 0; i < draws[d].order.size(); ++i) {
          sum += factors[d][i].LogProbability({&draws[d].order[i], 1});
        }
      }
    }
    return sum;
  }

  void AddGradient(const std::vector<std::vector<PlackettLuce>>& factors,
                   const std::vector<Draw>& draws, double weight,
                   Eigen::VectorXd* gradient) const {
    for (int d = 0; d < space_.num_decisions(); ++d) {
      double* const own = gradient->data() + first_[d];
      if (!draws[d].is_made) continue;
      if (IsNumber(d)) {
        const double deviation = Deviation(d);
        const double z = (draws[d].number - Mean(d)) / deviation;
        own[0] += weight * z / deviation;
        own[1] += weight * (z * z - 1);
      } else if (space_.is_set(d)) {
        factors[d][0].AddGradient(draws[d].order, weight, own);
      } else {
        for (size_t i = 0; i < draws[d].order.size(); ++i) {
          factors[d][i].AddGradient({&draws[d].order[i], 1}, weight,
                                    own + i * space_.num_values(d));
        }
      }
    }
  }

  void TakeProximalSteps(const std::vector<int>& tried,
                         const std::vector<double>& advantages) {
    const double clip = options_.ppo().clip();
    const size_t size = options_.ppo().minibatch();
    std::vector<double> before;
    {
      const auto factors = Factors();
      for (const int i : tried) {
        before.push_back(LogProbability(factors, drawn_[i]));
      }
    }
    for (uint32_t epoch = 0; epoch < options_.ppo().epochs(); ++epoch) {
      for (size_t first = 0; first < tried.size(); first += size) {
        const size_t end = std::min(first + size, tried.size());
        const auto factors = Factors();
        Eigen::VectorXd gradient = Eigen::VectorXd::Zero(parameters_.size());
        for (size_t i = first; i < end; ++i) {
          const std::vector<Draw>& draws = drawn_[tried[i]];
          // Beyond e^30 it is cut in any case.
          const double ratio =
              Exp(std::min(LogProbability(factors, draws) - before[i], 30.0));
          const double advantage = advantages[i];
          const bool is_cut = (advantage > 0 && ratio > 1 + clip) ||
                              (advantage < 0 && ratio < 1 - clip);
          if (is_cut) continue;
          AddGradient(factors, draws,
                      ratio * advantage / static_cast<double>(end - first),
                      &gradient);
        }
        Step(factors, std::move(gradient));
      }
    }
  }

  void Step(const std::vector<std::vector<PlackettLuce>>& factors,
            Eigen::VectorXd gradient) {
    for (int d = 0; d < space_.num_decisions(); ++d) {
      double* const own = gradient.data() + first_[d];
      if (IsNumber(d)) own[1] += options_.entropy();
      for (size_t i = 0; i < factors[d].size(); ++i) {
        factors[d][i].AddEntropyGradient(options_.entropy(),
                                         own + i * space_.num_values(d));
      }
    }
    parameters_ += adam_.Step(gradient);
    for (int d = 0; d < space_.num_decisions(); ++d) Limit(d);
  }

  void Limit(int decision) {
    double* const own = parameters_.data() + first_[decision];
    if (IsNumber(decision)) {
      own[0] = std::clamp(own[0], 0.0, 1.0);
      own[1] = std::clamp(own[1], Log(kMinDeviation), Log(kMaxDeviation));
      return;
    }
    const int values = space_.num_values(decision);
    for (int i = 0; i < NumFactors(space_, decision); ++i) {
      double* const logits = own + i * values;
      double sum = 0;
      for (int j = 0; j < values; ++j) sum += logits[j];
      for (int j = 0; j < values; ++j) {
        logits[j] = std::clamp(logits[j] - sum / values, -kMaxLogit, kMaxLogit);
      }
    }
  }

  // Ties go to the lower value.
  std::vector<int32_t> MostLikely(int decision) const {
    const int values = space_.num_values(decision);
    const int32_t first_value = space_.first_value(decision);
    const double* const own = parameters_.data() + first_[decision];
    if (IsNumber(decision)) return {Nearest(decision, Mean(decision))};
    std::vector<int32_t> best;
    if (space_.is_set(decision)) {
      best.resize(values);
      std::iota(best.begin(), best.end(), 0);
      std::stable_sort(best.begin(), best.end(),
                       [own](int32_t a, int32_t b) { return own[a] > own[b]; });
      best.resize(space_.num_places(decision));
      std::sort(best.begin(), best.end());
      return best;
    }
    for (int i = 0; i < space_.num_places(decision); ++i) {
      const double* const logits = own + i * values;
      best.push_back(first_value +
                     static_cast<int32_t>(
                         std::max_element(logits, logits + values) - logits));
    }
    return best;
  }

  std::vector<double> ProbabilitiesOf(
      int decision, const std::vector<PlackettLuce>& factors) const {
    const int values = space_.num_values(decision);
    std::vector<double> probabilities(
        static_cast<size_t>(NumFactors(space_, decision)) * values);
    if (IsNumber(decision)) {
      double sum = 0;
      for (int i = 0; i < values; ++i) {
        const double z =
            (static_cast<double>(i) / (values - 1) - Mean(decision)) /
            Deviation(decision);
        sum += probabilities[i] = Exp(-z * z / 2);
      }
      for (double& p : probabilities) p /= sum;
    } else if (space_.is_set(decision)) {
      // For more than one member there is no closed form.
      Rng rng(DeriveSeed(seed_, Stream::kController, 0, decision, 2));
      for (int i = 0; i < kProbabilityDraws; ++i) {
        for (const int32_t member :
             factors[0].Sample(space_.num_places(decision), &rng)) {
          probabilities[member] += 1.0 / kProbabilityDraws;
        }
      }
    } else {
      for (size_t i = 0; i < factors.size(); ++i) {
        for (int32_t j = 0; j < values; ++j) {
          probabilities[i * values + j] =
              Exp(factors[i].LogProbability({&j, 1}));
        }
      }
    }
    return probabilities;
  }

  const SearchSpace space_;
  const uint64_t seed_;
  const v1::PolicyGradient options_;
  const std::vector<int> first_;
  Eigen::VectorXd parameters_;
  Adam adam_;
  // Of the newest Propose, decision by decision.
  std::vector<std::vector<Draw>> drawn_;
};

STARLING_REGISTER_CONTROLLER(
    policy_gradient,
    [](const v1::ControllerConfig& config, const SearchSpace& space,
       uint64_t seed) -> absl::StatusOr<std::unique_ptr<Controller>> {
      return std::make_unique<PolicyGradientController>(
          space, seed, config.policy_gradient());
    });

}  // namespace
}  // namespace starling
