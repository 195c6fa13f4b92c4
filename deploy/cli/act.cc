// starling act: what does a policy do on recorded observations?
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "deploy/cli/actor.h"
#include "deploy/cli/csv.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/policy_argument.h"
#include "deploy/cli/recorded.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class Act : public Verb {
 public:
  void Declare(CLI::App& app) override {
    policy_.Declare(app);
    AddText(app, "--observations", &observations_, "F.csv",
            "Raw observations, a row a control step, in columns obs_0, obs_1, "
            ".. or of the contract's names; a 1 in a column `reset` begins an "
            "episode.")
        ->required();
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const LoadedPolicy policy, policy_.Load());
    const v1::EnvSpec& spec = policy.env_spec;
    if (spec.image_height() > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(policy_.path(),
                       ": this policy reads images, which a table can't "
                       "hold; use starling trace"));
    }
    ASSIGN_OR_RETURN(const CsvTable observations,
                     CsvTable::Read(observations_));
    ASSIGN_OR_RETURN(
        const std::unique_ptr<Actor> actor,
        Actor::Create(policy.experiment, policy.env_spec, policy.state));
    ASSIGN_OR_RETURN(const std::string actions,
                     ActOnRecorded(observations, spec, *actor));
    std::cout << actions;
    return absl::OkStatus();
  }

 private:
  PolicyArgument policy_;
  std::string observations_;
};

STARLING_REGISTER_VERB(
    act, Act,
    {"act",
     VerbGroup::kPolicy,
     "Prints what a policy does on recorded observations.",
     {"starling trace --env inverted_pendulum --seed 3 --policy "
      "runs/inverted_pendulum_ars-s1 > episode.csv && starling act "
      "runs/inverted_pendulum_ars-s1 --observations episode.csv > actions.csv",
      "printf '0,0.1,0,0\\n' > observations.csv && starling act "
      "runs/inverted_pendulum_ars-s1 --observations observations.csv"}});

}  // namespace
}  // namespace starling
