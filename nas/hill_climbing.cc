// The best so far and changes of it: `hill_climbing`. The best is proposed
// again each generation, so that it must hold its place with the parameters of
// today and new luck.
#include <algorithm>
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

class HillClimbingController : public Controller {
 public:
  HillClimbingController(const SearchSpace& space, uint64_t seed)
      : space_(space), seed_(seed) {
    Rng rng(DeriveSeed(seed, Stream::kController, 0, 0, 1));
    best_ = {{Sample(space, &rng)}};
  }

  std::vector<Choices> Propose(uint64_t generation, int n) override {
    std::vector<Choices> proposals;
    for (int i = 0; i < n; ++i) {
      Rng rng = ProposalRng(seed_, generation, i);
      const Choices& best = best_.front().choices;
      proposals.push_back(i == 0 ? best : Mutate(space_, best, &rng));
    }
    num_proposed_ = proposals.size();
    return proposals;
  }
  void Learn(absl::Span<const Trial> trials) override {
    CHECK_EQ(trials.size(), num_proposed_);
    std::vector<Individual> tried = Standardize(trials);
    if (tried.empty()) return;
    // The first among equals: the best stays unless it is beaten.
    best_ = {*std::max_element(
        tried.begin(), tried.end(),
        [](const auto& a, const auto& b) { return a.score < b.score; })};
  }
  Choices Best() const override { return best_.front().choices; }
  std::vector<std::vector<double>> Probabilities() const override {
    return Frequencies(space_, best_);
  }
  std::string Save() const override { return SavePopulation(space_, best_); }
  absl::Status Restore(const std::string& state) override {
    std::deque<Individual> best;
    RETURN_IF_ERROR(RestorePopulation(space_, state, 1, &best));
    if (best.empty()) {
      return absl::DataLossError("the saved controller has no best");
    }
    best_ = std::move(best);
    return absl::OkStatus();
  }

 private:
  const SearchSpace space_;
  const uint64_t seed_;
  size_t num_proposed_ = 0;
  std::deque<Individual> best_;  // one
};

STARLING_REGISTER_CONTROLLER(
    hill_climbing,
    [](const v1::ControllerConfig&, const SearchSpace& space,
       uint64_t seed) -> absl::StatusOr<std::unique_ptr<Controller>> {
      return std::make_unique<HillClimbingController>(space, seed);
    });

}  // namespace
}  // namespace starling
