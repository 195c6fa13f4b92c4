// Who proposes architectures and learns from how they did.
//
// A controller is deterministic: proposals are a pure function of its saved
// state, the seed and the generation, and it learns in the order of proposals,
// whatever the order in which answers came. Not thread-safe.
#ifndef STARLING_NAS_CONTROLLER_H_
#define STARLING_NAS_CONTROLLER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/registry.h"
#include "base/search_space.h"
#include "proto/search.pb.h"

namespace starling {

// How good an architecture was, all within one generation.
struct Objectives {
  // Mean over the halves of its pair.
  double mean_return = 0;
  // What it costs, by ObjectivesConfig.
  double cost = 0;
  // The two in one number, more is better (nas/objectives).
  double score = 0;
};

struct Trial {
  Choices choices;
  // Absent: its evaluation failed.
  std::optional<Objectives> objectives;
};

class Controller {
 public:
  virtual ~Controller() = default;

  // n proposals, each valid in the space. generation < 2^32.
  virtual std::vector<Choices> Propose(uint64_t generation, int n) = 0;
  // Once after each Propose: trials[i] answers proposal i (CHECKed). Without
  // any that has not failed, nothing changes.
  virtual void Learn(absl::Span<const Trial> trials) = 0;
  // It draws as if it had these logits: of each decision, a set, one for each
  // candidate. Unimplemented: it has none.
  virtual absl::Status Prefer(const std::vector<std::vector<double>>& logits) {
    return absl::UnimplementedError(
        "this controller has no logits that could start elsewhere than at 0; "
        "policy_gradient has");
  }
  // What it would choose now.
  virtual Choices Best() const = 0;
  // Probability of each value of each decision: place by place, value by value;
  // of a set, that each candidate is a member. For people: may be an estimate.
  virtual std::vector<std::vector<double>> Probabilities() const = 0;

  // All that the future depends on. Taken before Propose.
  virtual std::string Save() const = 0;
  // DataLoss, changing nothing, if `state` is not a Save of the same kind for
  // the same space, or holds what is not finite.
  virtual absl::Status Restore(const std::string& state) = 0;
};

// A factory gets the space and the seed of the run. InvalidArgument, naming the
// field and its value, for options that do not fit.
using ControllerRegistry =
    Registry<Controller, v1::ControllerConfig, const SearchSpace&, uint64_t>;

}  // namespace starling

#define STARLING_REGISTER_CONTROLLER(kind, factory)  \
  const bool starling_registered_controller_##kind = \
      ::starling::ControllerRegistry::Register(#kind, factory)

#endif  // STARLING_NAS_CONTROLLER_H_
