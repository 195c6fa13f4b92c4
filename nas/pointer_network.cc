// An LSTM that points at one value after the other, trained by REINFORCE:
// `pointer_network` (nas/pointer_net). Later choices can depend on earlier
// ones, at a hundred times the cost of `policy_gradient`.
//
//   parameters += Adam(1/n sum_i (A_i grad log p(m_i) + entropy grad H(m_i)))
//
// A_i: the scores of the generation, standardised.
// Papers: "Pointer Networks"; "Simple Statistical Gradient-Following Algorithms
// for Connectionist Reinforcement Learning".
#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/adam.h"
#include "base/log.h"
#include "base/status.h"
#include "nas/controller.h"
#include "nas/gradient_state.h"
#include "nas/objectives.h"
#include "nas/pointer_net.h"
#include "nas/population.h"

namespace starling {
namespace {

// For Probabilities: each costs as much as a proposal.
constexpr int kProbabilityDraws = 64;

class PointerNetworkController : public Controller {
 public:
  PointerNetworkController(const SearchSpace& space, uint64_t seed,
                           const v1::PointerNetwork& options)
      : space_(space),
        seed_(seed),
        entropy_(options.entropy()),
        net_(&space_, static_cast<int>(options.hidden())),
        parameters_(net_.num_parameters()),
        adam_(AdamOptions(options), net_.num_parameters()) {
    const std::vector<float> initial = net_.InitialParameters(
        Rng(DeriveSeed(seed, Stream::kController, 0, 0, 3)));
    for (size_t i = 0; i < initial.size(); ++i) parameters_[i] = initial[i];
    Install();
  }

  std::vector<Choices> Propose(uint64_t generation, int n) override {
    std::vector<Choices> proposals;
    drawn_.clear();
    for (int i = 0; i < n; ++i) {
      Rng rng = ProposalRng(seed_, generation, i);
      drawn_.push_back(net_.Sample(&rng));
      proposals.push_back(net_.ToChoices(drawn_.back()));
    }
    return proposals;
  }

  void Learn(absl::Span<const Trial> trials) override {
    CHECK_EQ(trials.size(), drawn_.size());
    std::vector<size_t> tried;
    std::vector<double> scores;
    for (size_t i = 0; i < trials.size(); ++i) {
      if (!trials[i].objectives.has_value()) continue;
      tried.push_back(i);
      scores.push_back(trials[i].objectives->score);
    }
    const std::vector<double> advantages = ZScores(scores);
    if (std::all_of(advantages.begin(), advantages.end(),
                    [](double advantage) { return advantage == 0; })) {
      return;
    }
    const double share = 1.0 / static_cast<double>(tried.size());
    std::vector<float> gradient(net_.num_parameters());
    for (size_t i = 0; i < tried.size(); ++i) {
      net_.Accumulate(drawn_[tried[i]], share * advantages[i], share * entropy_,
                      &gradient);
    }
    Eigen::VectorXd ascent(gradient.size());
    for (size_t i = 0; i < gradient.size(); ++i) ascent[i] = gradient[i];
    parameters_ += adam_.Step(ascent);
    Install();
  }

  Choices Best() const override { return net_.ToChoices(net_.Greedy()); }

  std::vector<std::vector<double>> Probabilities() const override {
    std::deque<Individual> drawn;
    for (int i = 0; i < kProbabilityDraws; ++i) {
      Rng rng(DeriveSeed(seed_, Stream::kController, 0, i, 2));
      drawn.push_back({net_.ToChoices(net_.Sample(&rng))});
    }
    return Frequencies(space_, drawn);
  }

  std::string Save() const override {
    return SaveGradientState(space_, parameters_, adam_);
  }
  absl::Status Restore(const std::string& state) override {
    RETURN_IF_ERROR(RestoreGradientState(space_, state, &parameters_, &adam_));
    Install();
    return absl::OkStatus();
  }

 private:
  static v1::Adam AdamOptions(const v1::PointerNetwork& options) {
    v1::Adam adam;
    adam.set_step_size(options.step_size());
    return adam;
  }
  void Install() {
    std::vector<float> single(parameters_.size());
    for (size_t i = 0; i < single.size(); ++i) {
      single[i] = static_cast<float>(parameters_[i]);
    }
    net_.SetParameters(single);
  }

  const SearchSpace space_;
  const uint64_t seed_;
  const double entropy_;
  // Its draws leave no trace.
  mutable PointerNet net_;
  Eigen::VectorXd parameters_;
  Adam adam_;
  // Of the newest Propose.
  std::vector<Pointings> drawn_;
};

STARLING_REGISTER_CONTROLLER(
    pointer_network,
    [](const v1::ControllerConfig& config, const SearchSpace& space,
       uint64_t seed) -> absl::StatusOr<std::unique_ptr<Controller>> {
      return std::make_unique<PointerNetworkController>(
          space, seed, config.pointer_network());
    });

}  // namespace
}  // namespace starling
