#include "deploy/experiment/experiment.h"

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "aggregator/architecture_search.h"
#include "aggregator/es/strategy.h"
#include "aggregator/fine_tuning.h"
#include "base/file.h"
#include "base/override.h"
#include "base/resolve.h"
#include "base/status.h"
#include "base/text_proto.h"
#include "envs/env.h"
#include "policies/policy.h"

namespace starling {
namespace {

bool IsName(absl::string_view name) {
  if (name.empty() || name.size() > 64 || name[0] == '.') return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return true;
}

// Collects violations in the form "place: path: what is wrong".
class Violations {
 public:
  explicit Violations(const Places& places) : places_(places) {}

  void Add(const std::string& path, absl::string_view what) {
    lines_.push_back(absl::StrCat(Locate(places_, path), " ", what));
  }
  void AddAll(std::vector<std::string> lines) {
    for (std::string& line : lines) lines_.push_back(std::move(line));
  }
  bool empty() const { return lines_.empty(); }
  absl::Status ToStatus() const {
    return empty() ? absl::OkStatus()
                   : absl::InvalidArgumentError(absl::StrJoin(lines_, "\n"));
  }

 private:
  const Places& places_;
  std::vector<std::string> lines_;
};

// Rules that join several fields.
void CheckRules(const v1::Experiment& experiment, Violations* violations) {
  if (!IsName(experiment.name())) {
    violations->Add("name", absl::StrCat("must be 1 to 64 letters, digits, "
                                         "'.', '_' or '-' without a leading "
                                         "dot, got \"",
                                         experiment.name(), "\""));
  }
  const v1::Budget& budget = experiment.budget();
  if (budget.generations() == 0 && budget.env_steps() == 0) {
    violations->Add("budget",
                    "must set generations or env_steps: a run needs an end");
  }
  if (experiment.strategy().has_ars()) {
    const v1::Ars& ars = experiment.strategy().ars();
    if (ars.top_directions() > ars.num_directions()) {
      violations->Add(
          "strategy.ars.top_directions",
          absl::StrCat("must be <= num_directions, ", ars.num_directions(),
                       ", got ", ars.top_directions()));
    }
  }
  if (experiment.strategy().has_openai_es()) {
    const v1::OpenAiEs& es = experiment.strategy().openai_es();
    if (es.shaping().ars().top_directions() > es.num_directions()) {
      violations->Add(
          "strategy.openai_es.shaping.ars.top_directions",
          absl::StrCat("must be <= num_directions, ", es.num_directions(),
                       ", got ", es.shaping().ars().top_directions()));
    }
  }
}

// Builds one of each plug-in: only they know whether their options fit.
// Answers the environment's spec, empty if it could not be made.
v1::EnvSpec CheckPlugins(const v1::Experiment& experiment,
                         Violations* violations) {
  v1::EnvSpec env_spec;
  const auto env = EnvRegistry::Make(experiment.env());
  if (!env.ok()) {
    violations->Add("env", env.status().message());
    return env_spec;
  }
  env_spec = (*env)->spec();
  auto policy = PolicyRegistry::Make(experiment.policy(), env_spec);
  if (!policy.ok()) {
    violations->Add("policy", policy.status().message());
    return env_spec;
  }
  const absl::Status architecture =
      (*policy)->SetArchitecture(experiment.architecture());
  if (!architecture.ok()) {
    violations->Add("architecture", architecture.message());
  }
  const Eigen::VectorXf start =
      Eigen::VectorXf::Zero((*policy)->num_parameters());
  const auto strategy = StrategyRegistry::Make(experiment.strategy(), start);
  if (!strategy.ok()) violations->Add("strategy", strategy.status().message());
  if (ArchitectureSearch::IsWanted(experiment)) {
    const auto fine_tuning =
        StrategyRegistry::Make(FineTuningStrategy(experiment), start);
    if (!fine_tuning.ok()) {
      violations->Add("search.fine_tune_strategy",
                      fine_tuning.status().message());
    }
    const auto search =
        ArchitectureSearch::Create(experiment, *std::move(policy));
    if (!search.ok()) violations->Add("controller", search.status().message());
  }
  return env_spec;
}

}  // namespace

absl::StatusOr<ExperimentText> ReadExperiment(
    const std::string& path, absl::Span<const std::string> overrides) {
  ExperimentText text;
  google::protobuf::TextFormat::ParseInfoTree tree;
  // An experiment is small; what is larger is another file.
  ASSIGN_OR_RETURN(const std::string contents, ReadFile(path, 1 << 20));
  RETURN_IF_ERROR(ParseTextProto(contents, path, &text.experiment, &tree));
  text.places = PlacesOf(text.experiment, tree, path);
  for (const std::string& assignment : overrides) {
    const absl::Status status = ApplyOverride(assignment, &text.experiment);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set ", assignment, ": ", status.message()));
    }
    // The file's line no longer says what the field holds.
    const std::string changed = assignment.substr(0, assignment.find('='));
    text.places[std::string(absl::StripAsciiWhitespace(changed))] =
        absl::StrCat("--set ", assignment);
  }
  return text;
}

absl::StatusOr<PreparedExperiment> PrepareExperiment(
    const ExperimentText& text) {
  Violations violations(text.places);
  violations.AddAll(RangeViolations(text.experiment, text.places));
  CheckRules(text.experiment, &violations);
  // Plug-ins trust the declared ranges.
  PreparedExperiment prepared;
  prepared.experiment = Resolve(text.experiment);
  if (RangeViolations(text.experiment, text.places).empty()) {
    prepared.env_spec = CheckPlugins(prepared.experiment, &violations);
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return prepared;
}

absl::StatusOr<PreparedExperiment> LoadExperiment(
    const std::string& path, absl::Span<const std::string> overrides) {
  ASSIGN_OR_RETURN(const ExperimentText text, ReadExperiment(path, overrides));
  return PrepareExperiment(text);
}

}  // namespace starling
