// starling trace: one episode, step by step.
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/override.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/validate.h"
#include "deploy/cli/actor.h"
#include "deploy/cli/episode_trace.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/policy_argument.h"
#include "deploy/cli/recorded.h"
#include "deploy/cli/verb.h"
#include "deploy/experiment/experiment.h"
#include "envs/env.h"

namespace starling {
namespace {

class Trace : public Verb {
 public:
  void Declare(CLI::App& app) override {
    auto* experiment = AddText(app, "EXPERIMENT", &experiment_, "",
                               "An experiment file, for its environment.");
    AddText(app, "--env", &env_, "NAME",
            "An environment with its default options.")
        ->excludes(experiment);
    AddSeed(app, "--seed", &seed_, "Of the episode.")->required();
    auto* actions = AddText(app, "--actions", &actions_, "F.csv",
                            "Actions, a row a step; a header is optional.");
    policy_.DeclareFlag(app)->excludes(actions);
    AddRepeated(app, "--set", &sets_, "env.PATH=VALUE",
                "Changes the environment; may be repeated.");
  }

  absl::Status Run() override {
    if (env_.empty() && experiment_.empty()) {
      return absl::InvalidArgumentError(
          "which environment? give --env NAME or an experiment file");
    }
    if (actions_.empty() && policy_.path().empty()) {
      return absl::InvalidArgumentError(
          "who acts? give --actions F.csv or --policy POLICY");
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<Env> env, MakeEnv());
    ASSIGN_OR_RETURN(const ActionSource actions, MakeActions(env->spec()));
    return TraceEpisode(*env, Rng(DeriveSeed(seed_, Stream::kEnv, 0, 0, 0)),
                        actions, std::cout);
  }

 private:
  absl::StatusOr<std::unique_ptr<Env>> MakeEnv() {
    if (!experiment_.empty()) {
      ASSIGN_OR_RETURN(const PreparedExperiment prepared,
                       LoadExperiment(experiment_, sets_));
      return EnvRegistry::Make(prepared.experiment.env());
    }
    v1::Experiment experiment;
    ASSIGN_OR_RETURN(*experiment.mutable_env(), EnvRegistry::Default(env_));
    for (const std::string& set : sets_) {
      RETURN_IF_ERROR(ApplyOverride(set, &experiment));
    }
    const std::vector<std::string> violations =
        RangeViolations(experiment.env(), {});
    if (!violations.empty()) {
      return absl::InvalidArgumentError(absl::StrJoin(violations, "\n"));
    }
    return EnvRegistry::Make(experiment.env());
  }

  absl::StatusOr<ActionSource> MakeActions(const v1::EnvSpec& spec) {
    if (!actions_.empty()) {
      return RecordedActions(actions_, static_cast<int>(spec.action_size()));
    }
    ASSIGN_OR_RETURN(const LoadedPolicy policy, policy_.Load());
    ASSIGN_OR_RETURN(std::unique_ptr<Actor> actor,
                     Actor::Create(policy.experiment, spec, policy.state));
    const std::shared_ptr<Actor> shared = std::move(actor);
    shared->Reset();
    return ActionSource([shared](const Observation& observation,
                                 VectorRef action) -> absl::StatusOr<bool> {
      shared->Act(observation, action);
      return true;
    });
  }

  std::string experiment_, env_, actions_;
  PolicyArgument policy_;
  uint64_t seed_ = 1;
  std::vector<std::string> sets_;
};

STARLING_REGISTER_VERB(
    trace, Trace,
    {"trace",
     VerbGroup::kPolicy,
     "Plays one episode and prints it step by step, as CSV.",
     {"starling trace --env inverted_pendulum --seed 3 --policy "
      "runs/inverted_pendulum_ars-s1 > episode.csv",
      "printf '0.5\\n-0.5\\n' > actions.csv && starling trace --env "
      "inverted_pendulum --seed 3 --actions actions.csv"}});

}  // namespace
}  // namespace starling
