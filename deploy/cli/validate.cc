// starling validate: what is wrong with experiment files?
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"
#include "deploy/experiment/experiment.h"
#include "envs/env.h"
#include "policies/policy.h"

namespace starling {
namespace {

class Validate : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositionals(app, "EXPERIMENT", &paths_, "Experiment files.");
    AddRepeated(app, "--set", &sets_, "PATH=VALUE",
                "Changes a field before the check; may be repeated.");
  }

  absl::Status Run() override {
    std::vector<std::string> errors;
    for (const std::string& path : paths_) {
      const absl::StatusOr<PreparedExperiment> experiment =
          LoadExperiment(path, sets_);
      if (!experiment.ok()) {
        errors.emplace_back(experiment.status().message());
        continue;
      }
      std::cout << path << ": valid: "
                << EnvRegistry::KindOf(experiment->experiment.env())
                << ", policy "
                << PolicyRegistry::KindOf(experiment->experiment.policy())
                << "\n";
    }
    if (errors.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
  }

 private:
  std::vector<std::string> paths_;
  std::vector<std::string> sets_;
};

STARLING_REGISTER_VERB(
    validate, Validate,
    {"validate",
     VerbGroup::kTrain,
     "Lists everything that is wrong with experiment files.",
     {"starling validate deploy/experiments/half_cheetah_ars.textproto",
      "starling validate deploy/experiments/swimmer_ars.textproto --set "
      "strategy.ars.sigma=0.05"}});

}  // namespace
}  // namespace starling
