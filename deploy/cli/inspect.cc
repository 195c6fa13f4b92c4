// starling inspect: what is this run?
#include <iostream>
#include <string>

#include "aggregator/policy_source.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/cli/exit_code.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"
#include "deploy/inspect/describe.h"

namespace starling {
namespace {

class Inspect : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositional(app, "RUN", &run_, "A run directory; it may be live.");
    auto* signature = app.add_flag(
        "--signature", signature_,
        "Prints 64 hex digits only: equal ones, equal policies, bit for bit.");
    AddText(app, "--checkpoint", &checkpoint_, "last|best|G",
            "Whose signature: the newest, the best, or that of generation G.")
        ->needs(signature);
    app.add_flag("--json", json_, "Prints one JSON object.");
  }

  absl::Status Run() override {
    if (signature_) return PrintSignature();
    const absl::StatusOr<RunDescription> run = DescribeRun(run_);
    if (!run.ok()) return AsDataError(run.status());
    std::cout << (json_ ? ToJson(*run).text() + "\n" : ToText(*run));
    return absl::OkStatus();
  }

 private:
  absl::Status PrintSignature() const {
    ASSIGN_OR_RETURN(const PolicyChoice choice,
                     PolicyChoice::Parse(checkpoint_));
    const absl::StatusOr<PolicySnapshot> policy = LoadPolicy(run_, choice);
    if (!policy.ok()) return AsDataError(policy.status());
    if (!policy->note.empty()) LOG(WARNING) << policy->note;
    if (json_) {
      JsonObject object;
      object.Set("signature", policy->signature)
          .Set("generation", policy->generation);
      std::cout << object.text() << "\n";
    } else {
      std::cout << policy->signature << "\n";
    }
    return absl::OkStatus();
  }

  std::string run_;
  std::string checkpoint_ = "last";
  bool signature_ = false;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    inspect, Inspect,
    {"inspect",
     VerbGroup::kPolicy,
     "Tells what a run is, how far it is, and its signature.",
     {"starling inspect runs/inverted_pendulum_ars-s1",
      "starling inspect runs/inverted_pendulum_ars-s1 --signature"}});

}  // namespace
}  // namespace starling
