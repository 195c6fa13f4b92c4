// A queue of which a random few compete, the fittest is changed a little, and
// the oldest leaves: `regularized_evolution`.
// Paper: "Regularized Evolution for Image Classifier Architecture Search".
//
// Fitness is standardised within its generation: the parameters move on, so old
// returns say little. The choice is what most of the queue has, not its best
// member, whose score is luck as much as merit.
#include <cmath>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "nas/controller.h"
#include "nas/population.h"
#include "nas/sampling.h"

namespace starling {
namespace {

class RegularizedEvolutionController : public Controller {
 public:
  RegularizedEvolutionController(const SearchSpace& space, uint64_t seed,
                                 int population, int tournament)
      : space_(space),
        seed_(seed),
        population_(population),
        tournament_(tournament) {}

  std::vector<Choices> Propose(uint64_t generation, int n) override {
    std::vector<Choices> proposals;
    for (int i = 0; i < n; ++i) {
      Rng rng = ProposalRng(seed_, generation, i);
      if (queue_.size() < population_) {
        proposals.push_back(Sample(space_, &rng));
      } else {
        proposals.push_back(Mutate(space_, Parent(&rng).choices, &rng));
      }
    }
    num_proposed_ = proposals.size();
    return proposals;
  }
  void Learn(absl::Span<const Trial> trials) override {
    CHECK_EQ(trials.size(), num_proposed_);
    for (Individual& child : Standardize(trials)) {
      queue_.push_back(std::move(child));
      if (queue_.size() > population_) queue_.pop_front();
    }
  }
  Choices Best() const override {
    if (!queue_.empty()) return Majority(space_, queue_);
    Rng rng = ProposalRng(seed_, 0, 0);
    return Sample(space_, &rng);
  }
  std::vector<std::vector<double>> Probabilities() const override {
    return Frequencies(space_, queue_);
  }
  std::string Save() const override { return SavePopulation(space_, queue_); }
  absl::Status Restore(const std::string& state) override {
    return RestorePopulation(space_, state, population_, &queue_);
  }

 private:
  // The fittest of `tournament` drawn with replacement, the first among equals.
  const Individual& Parent(Rng* rng) const {
    const Individual* fittest = nullptr;
    for (int i = 0; i < tournament_; ++i) {
      const Individual& drawn =
          queue_[rng->Below(static_cast<uint32_t>(queue_.size()))];
      if (fittest == nullptr || drawn.score > fittest->score) fittest = &drawn;
    }
    return *fittest;
  }

  const SearchSpace space_;
  const uint64_t seed_;
  const size_t population_;
  const int tournament_;
  size_t num_proposed_ = 0;
  std::deque<Individual> queue_;  // the oldest first
};

absl::StatusOr<std::unique_ptr<Controller>> Create(
    const v1::ControllerConfig& config, const SearchSpace& space,
    uint64_t seed) {
  const v1::RegularizedEvolution& options = config.regularized_evolution();
  if (options.tournament() > options.population()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "controller.regularized_evolution.tournament is ", options.tournament(),
        ", more than the population of ", options.population()));
  }
  const auto population = static_cast<int>(options.population());
  int tournament = static_cast<int>(options.tournament());
  while (options.tournament() == 0 &&
         (tournament + 1) * (tournament + 1) <= population) {
    ++tournament;
  }
  return std::make_unique<RegularizedEvolutionController>(
      space, seed, population, tournament);
}

STARLING_REGISTER_CONTROLLER(regularized_evolution, Create);

}  // namespace
}  // namespace starling
