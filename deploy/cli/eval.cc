// starling eval: what is a policy worth?
#include <algorithm>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/override.h"
#include "base/status.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/policy_argument.h"
#include "deploy/cli/verb.h"
#include "deploy/experiment/experiment.h"
#include "workers/policy_evaluation.h"

namespace starling {
namespace {

class Eval : public Verb {
 public:
  void Declare(CLI::App& app) override {
    policy_.Declare(app);
    AddInteger(app, "--episodes", &episodes_, 1, 1000000, "Episodes to play.");
    AddSeed(app, "--seed", &seed_,
            "Of the episodes; never the seeds of training.");
    AddRepeated(
        app, "--set", &sets_, "env.PATH=VALUE",
        "Changes the environment for this evaluation; may be repeated.");
    AddInteger(app, "--threads", &threads_, 1, 1024,
               "Threads; the result does not depend on them.");
    app.add_flag("--json", json_, "Prints one JSON object.");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(LoadedPolicy policy, policy_.Load());
    for (const std::string& set : sets_) {
      if (!absl::StartsWith(set, "env.")) {
        return absl::InvalidArgumentError(
            absl::StrCat("--set ", set,
                         ": an evaluation may change env.* "
                         "only; the policy is what it is"));
      }
      RETURN_IF_ERROR(ApplyOverride(set, &policy.experiment));
    }
    // What was changed must still be an environment.
    ASSIGN_OR_RETURN(const PreparedExperiment prepared,
                     PrepareExperiment({policy.experiment, {}}));
    ASSIGN_OR_RETURN(const PolicyEvaluation result,
                     EvaluatePolicy(prepared.experiment, policy.state,
                                    episodes_, seed_, threads_));
    json_ ? PrintJson(result) : PrintText(policy, result);
    return absl::OkStatus();
  }

 private:
  static void PrintJson(const PolicyEvaluation& result) {
    JsonObject object;
    object.Set("episodes", result.episodes)
        .Set("mean", result.mean)
        .Set("std", result.std)
        .Set("min", result.min)
        .Set("max", result.max)
        .Set("ci95", std::vector<double>{result.mean - result.ci95,
                                         result.mean + result.ci95})
        .Set("mean_length", result.mean_length)
        .Set("diverged", result.diverged)
        .Set("returns", result.returns);
    std::cout << object.text() << "\n";
  }

  static void PrintText(const LoadedPolicy& policy,
                        const PolicyEvaluation& result) {
    std::cout << absl::StrFormat(
        "policy    %s\nepisodes  %d\nmean      %.6g\n95 %% in   [%.6g, %.6g]\n"
        "std       %.6g\nmin, max  %.6g, %.6g\nlength    %.6g steps\n",
        policy.description, result.episodes, result.mean,
        result.mean - result.ci95, result.mean + result.ci95, result.std,
        result.min, result.max, result.mean_length);
    if (result.diverged > 0) {
      std::cout << absl::StrFormat(
          "diverged  %d further episodes, without a "
          "return\n",
          result.diverged);
    }
  }

  PolicyArgument policy_;
  int episodes_ = 100;
  uint64_t seed_ = 1;
  std::vector<std::string> sets_;
  int threads_ = std::max(1u, std::thread::hardware_concurrency());
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    eval, Eval,
    {"eval",
     VerbGroup::kPolicy,
     "Measures a policy on fresh episodes.",
     {"starling eval runs/inverted_pendulum_ars-s1",
      "starling eval runs/inverted_pendulum_ars-s1 --episodes 10 --seed 7 "
      "--set env.max_steps=200 --json"}});

}  // namespace
}  // namespace starling
