// From an experiment file to an experiment that can run.
//
// One place for everything that can be wrong with a configuration: text that
// does not parse, fields out of range, fields that contradict each other, an
// environment or policy that does not exist or does not fit.
#ifndef STARLING_DEPLOY_EXPERIMENT_EXPERIMENT_H_
#define STARLING_DEPLOY_EXPERIMENT_EXPERIMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/validate.h"
#include "proto/env.pb.h"
#include "proto/experiment.pb.h"

namespace starling {

// An experiment as the user wrote it, and where each field stands.
struct ExperimentText {
  v1::Experiment experiment;
  Places places;
};

// An experiment that can run: valid, every default written out.
struct PreparedExperiment {
  v1::Experiment experiment;
  v1::EnvSpec env_spec;
};

// Reads the file and applies overrides "path=value" in order.
// InvalidArgument with every error as "file:line:column: ..".
absl::StatusOr<ExperimentText> ReadExperiment(
    const std::string& path, absl::Span<const std::string> overrides = {});

// Checks everything and describes the environment. InvalidArgument lists all
// violations, one a line.
absl::StatusOr<PreparedExperiment> PrepareExperiment(
    const ExperimentText& text);

// Both.
absl::StatusOr<PreparedExperiment> LoadExperiment(
    const std::string& path, absl::Span<const std::string> overrides = {});

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPERIMENT_EXPERIMENT_H_
