// Return and cost as objectives of their own: `nsga2`.
// Paper: "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II".
//
// Parents win by front, then by distance to their neighbours; children are
// crossed and changed; of parents and children the best fronts stay. Returns
// are standardised within their generation, as the parameters move on. The
// choice is the member with the best score, which weighs cost against return.
#include <algorithm>
#include <deque>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/log.h"
#include "base/status.h"
#include "nas/controller.h"
#include "nas/dominance.h"
#include "nas/population.h"
#include "nas/sampling.h"

namespace starling {
namespace {

// Where a member stands among all.
struct Rank {
  int front;
  double crowding;
  bool operator<(const Rank& other) const {
    return front != other.front ? front < other.front
                                : crowding > other.crowding;
  }
};

std::vector<Rank> RankAll(const std::deque<Individual>& members) {
  std::vector<Point> points;
  for (const Individual& member : members) {
    points.push_back({member.mean_return, -member.cost});
  }
  std::vector<Rank> ranks(members.size());
  const std::vector<std::vector<int>> fronts = Fronts(points);
  for (size_t f = 0; f < fronts.size(); ++f) {
    const std::vector<double> crowding = Crowding(points, fronts[f]);
    for (size_t i = 0; i < fronts[f].size(); ++i) {
      ranks[fronts[f][i]] = {static_cast<int>(f), crowding[i]};
    }
  }
  return ranks;
}

class Nsga2Controller : public Controller {
 public:
  Nsga2Controller(const SearchSpace& space, uint64_t seed,
                  const v1::Nsga2& options)
      : space_(space),
        seed_(seed),
        population_(options.population()),
        crossover_(options.crossover()) {}

  std::vector<Choices> Propose(uint64_t generation, int n) override {
    const std::vector<Rank> ranks = RankAll(members_);
    std::vector<Choices> proposals;
    for (int i = 0; i < n; ++i) {
      Rng rng = ProposalRng(seed_, generation, i);
      if (members_.size() < population_) {
        proposals.push_back(Sample(space_, &rng));
        continue;
      }
      Choices child = Parent(ranks, &rng).choices;
      if (rng.Uniform() < crossover_) {
        child = Crossover(space_, child, Parent(ranks, &rng).choices, &rng);
      }
      proposals.push_back(Mutate(space_, std::move(child), &rng));
    }
    num_proposed_ = proposals.size();
    return proposals;
  }
  void Learn(absl::Span<const Trial> trials) override {
    CHECK_EQ(trials.size(), num_proposed_);
    for (Individual& child : Standardize(trials)) {
      members_.push_back(std::move(child));
    }
    if (members_.size() <= population_) return;
    const std::vector<Rank> ranks = RankAll(members_);
    std::vector<int> order(members_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return ranks[a] < ranks[b]; });
    order.resize(population_);
    std::sort(order.begin(), order.end());
    std::deque<Individual> kept;
    for (const int i : order) kept.push_back(std::move(members_[i]));
    members_ = std::move(kept);
  }
  Choices Best() const override {
    if (members_.empty()) {
      Rng rng = ProposalRng(seed_, 0, 0);
      return Sample(space_, &rng);
    }
    return std::max_element(
               members_.begin(), members_.end(),
               [](const auto& a, const auto& b) { return a.score < b.score; })
        ->choices;
  }
  std::vector<std::vector<double>> Probabilities() const override {
    return Frequencies(space_, members_);
  }
  std::string Save() const override { return SavePopulation(space_, members_); }
  absl::Status Restore(const std::string& state) override {
    return RestorePopulation(space_, state, population_, &members_);
  }

 private:
  // The better of two.
  const Individual& Parent(const std::vector<Rank>& ranks, Rng* rng) const {
    const auto n = static_cast<uint32_t>(members_.size());
    const uint32_t a = rng->Below(n), b = rng->Below(n);
    return members_[ranks[b] < ranks[a] ? b : a];
  }

  const SearchSpace space_;
  const uint64_t seed_;
  const size_t population_;
  const double crossover_;
  size_t num_proposed_ = 0;
  std::deque<Individual> members_;  // as they came
};

STARLING_REGISTER_CONTROLLER(
    nsga2,
    [](const v1::ControllerConfig& config, const SearchSpace& space,
       uint64_t seed) -> absl::StatusOr<std::unique_ptr<Controller>> {
      return std::make_unique<Nsga2Controller>(space, seed, config.nsga2());
    });

}  // namespace
}  // namespace starling
