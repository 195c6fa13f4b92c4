// Proposes uniformly: `random`. What a controller must beat. Remembers the
// proposal with the best score so far.
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/log.h"
#include "base/status.h"
#include "nas/controller.h"
#include "nas/population.h"
#include "nas/sampling.h"

namespace starling {
namespace {

class RandomController : public Controller {
 public:
  RandomController(const SearchSpace& space, uint64_t seed)
      : space_(space), seed_(seed) {}

  std::vector<Choices> Propose(uint64_t generation, int n) override {
    std::vector<Choices> proposals;
    for (int i = 0; i < n; ++i) {
      Rng rng = ProposalRng(seed_, generation, i);
      proposals.push_back(Sample(space_, &rng));
    }
    num_proposed_ = proposals.size();
    return proposals;
  }
  void Learn(absl::Span<const Trial> trials) override {
    CHECK_EQ(trials.size(), num_proposed_);
    for (Individual& trial : Standardize(trials)) {
      if (!best_.empty() && trial.score <= best_.front().score) continue;
      best_ = {std::move(trial)};
    }
  }
  Choices Best() const override {
    if (!best_.empty()) return best_.front().choices;
    Rng rng = ProposalRng(seed_, 0, 0);
    return Sample(space_, &rng);
  }
  std::vector<std::vector<double>> Probabilities() const override {
    return Frequencies(space_, {});
  }
  std::string Save() const override { return SavePopulation(space_, best_); }
  absl::Status Restore(const std::string& state) override {
    return RestorePopulation(space_, state, 1, &best_);
  }

 private:
  const SearchSpace space_;
  const uint64_t seed_;
  size_t num_proposed_ = 0;
  std::deque<Individual> best_;  // none or one
};

STARLING_REGISTER_CONTROLLER(
    random,
    [](const v1::ControllerConfig&, const SearchSpace& space,
       uint64_t seed) -> absl::StatusOr<std::unique_ptr<Controller>> {
      return std::make_unique<RandomController>(space, seed);
    });

}  // namespace
}  // namespace starling
