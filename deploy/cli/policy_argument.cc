#include "deploy/cli/policy_argument.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/policy_source.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/cli/exit_code.h"
#include "deploy/cli/flags.h"
#include "deploy/export/exporter.h"
#include "envs/env.h"
#include "policies/portable/strlp.h"

namespace starling {
namespace {

constexpr char kPolicyHelp[] =
    "A run directory, or a file NAME.strlp of `starling export`.";

}  // namespace

void PolicyArgument::Declare(CLI::App& app) {
  AddPositional(app, "POLICY", &path_, kPolicyHelp);
  DeclareCheckpoint(app);
}

CLI::Option* PolicyArgument::DeclareFlag(CLI::App& app) {
  DeclareCheckpoint(app);
  return AddText(app, "--policy", &path_, "POLICY", kPolicyHelp);
}

void PolicyArgument::DeclareCheckpoint(CLI::App& app) {
  AddText(app, "--checkpoint", &checkpoint_, "best|last|G",
          "Which policy of the run: the best, the newest, or that of "
          "generation G.");
}

absl::StatusOr<LoadedPolicy> PolicyArgument::Load() const {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path_, ignored)) return LoadExport();
  ASSIGN_OR_RETURN(const PolicyChoice choice, PolicyChoice::Parse(checkpoint_));
  absl::StatusOr<PolicySnapshot> snapshot = LoadPolicy(path_, choice);
  if (!snapshot.ok()) return AsDataError(snapshot.status());
  if (!snapshot->note.empty()) LOG(WARNING) << snapshot->note;

  LoadedPolicy policy;
  policy.description =
      absl::StrCat(path_, ", ", checkpoint_ == "best" ? "best, " : "",
                   "generation ", snapshot->generation);
  policy.experiment = std::move(snapshot->experiment);
  policy.env_spec = std::move(snapshot->env_spec);
  policy.state.set_generation(snapshot->generation);
  policy.state.mutable_distribution()->mutable_mean()->Assign(
      snapshot->mean.begin(), snapshot->mean.end());
  *policy.state.mutable_moments() = std::move(snapshot->moments);
  *policy.state.mutable_choice() = std::move(snapshot->architecture);
  policy.signature = std::move(snapshot->signature);
  return policy;
}

absl::StatusOr<LoadedPolicy> PolicyArgument::LoadExport() const {
  absl::StatusOr<v1::ExportedPolicy> model = ReadStrlp(path_);
  if (!model.ok()) return AsDataError(model.status());
  ASSIGN_OR_RETURN(RunOfExport run, AsRun(*model));
  LoadedPolicy policy;
  ASSIGN_OR_RETURN(const std::unique_ptr<Env> env,
                   EnvRegistry::Make(run.experiment.env()));
  policy.env_spec = env->spec();
  policy.experiment = std::move(run.experiment);
  policy.state = std::move(run.state);
  policy.description =
      absl::StrCat(path_, ", exported from ", model->provenance().experiment(),
                   ", generation ", model->provenance().generation());
  policy.signature = model->provenance().run_signature();
  return policy;
}

}  // namespace starling
