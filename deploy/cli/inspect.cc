// starling inspect: what is this run?
#include <filesystem>
#include <iostream>
#include <string>

#include "aggregator/policy_source.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/cli/exit_code.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"
#include "deploy/inspect/describe.h"
#include "deploy/inspect/describe_export.h"
#include "deploy/inspect/network_drawing.h"
#include "policies/portable/strlp.h"

namespace starling {
namespace {

class Inspect : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositional(app, "RUN", &run_,
                  "A run directory, which may be live, or a file NAME.strlp of "
                  "`starling export`.");
    auto* signature = app.add_flag(
        "--signature", signature_,
        "Prints 64 hex digits only: equal ones, equal policies, bit for bit.");
    auto* architecture = app.add_flag(
        "--architecture", architecture_,
        "What was searched and chosen, and its network as formulas.");
    signature->excludes(architecture);
    AddText(app, "--out", &out_, "F.svg", "Draws the network to this file.")
        ->needs(architecture);
    AddText(app, "--checkpoint", &checkpoint_, "last|best|G",
            "Whose signature or architecture: the newest, the best, or that of "
            "generation G.");
    app.add_flag("--json", json_, "Prints one JSON object.");
  }

  absl::Status Run() override {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(run_, ignored)) return ShowExport();
    if (signature_) return PrintSignature();
    if (architecture_) return ShowArchitecture();
    if (checkpoint_ != "last") {
      return absl::InvalidArgumentError(
          "--checkpoint is for --signature and --architecture");
    }
    const absl::StatusOr<RunDescription> run = DescribeRun(run_);
    if (!run.ok()) return AsDataError(run.status());
    std::cout << (json_ ? ToJson(*run).text() + "\n" : ToText(*run));
    return absl::OkStatus();
  }

 private:
  absl::Status ShowExport() const {
    const absl::StatusOr<v1::ExportedPolicy> model = ReadStrlp(run_);
    if (!model.ok()) return AsDataError(model.status());
    if (!out_.empty()) {
      return absl::InvalidArgumentError(
          "--out is for runs: the network of an exported policy isn't drawn");
    }
    if (signature_) {
      std::cout << model->provenance().run_signature() << "\n";
    } else if (architecture_) {
      std::cout << ArchitectureOf(*model) << "\n";
    } else {
      std::cout << (json_ ? ToJson(*model).text() + "\n" : ToText(*model));
    }
    return absl::OkStatus();
  }

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

  absl::Status ShowArchitecture() const {
    ASSIGN_OR_RETURN(const PolicyChoice choice,
                     PolicyChoice::Parse(checkpoint_));
    const absl::StatusOr<PolicySnapshot> policy = LoadPolicy(run_, choice);
    if (!policy.ok()) return AsDataError(policy.status());
    if (!policy->note.empty()) LOG(WARNING) << policy->note;
    ASSIGN_OR_RETURN(const std::string drawn,
                     DescribeArchitecture(*policy, !out_.empty()));
    if (out_.empty()) {
      std::cout << drawn;
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(WriteFileAtomically(out_, drawn));
    std::cout << out_ << "\n";
    return absl::OkStatus();
  }

  std::string run_;
  std::string checkpoint_ = "last";
  std::string out_;
  bool signature_ = false;
  bool architecture_ = false;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    inspect, Inspect,
    {"inspect",
     VerbGroup::kPolicy,
     "Tells what a run or an exported policy is, its signature and "
     "architecture.",
     {"starling inspect runs/inverted_pendulum_ars-s1",
      "starling inspect runs/inverted_pendulum_ars-s1 --signature"}});

}  // namespace
}  // namespace starling
