// From a trained policy to what a robot loads.
#ifndef STARLING_DEPLOY_EXPORT_EXPORTER_H_
#define STARLING_DEPLOY_EXPORT_EXPORTER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "proto/env.pb.h"
#include "proto/experiment.pb.h"
#include "proto/model.pb.h"
#include "proto/work.pb.h"

namespace starling {

// The policy at the mean of `state`, whitened by its moments, with its choice
// of an architecture, and its contract. Weights are floats, or a table of them
// where that is smaller: both answer with the bits of the policy.
// Unimplemented, saying why: the policy has no such form; otherwise the errors
// of its factory.
absl::StatusOr<v1::ExportedPolicy> ExportPolicy(
    const v1::Experiment& experiment, const v1::EnvSpec& env_spec,
    const v1::PolicyState& state);

// A policy of kind `exported` in the same environment, and its state: what
// evaluates, draws and acts with a policy takes them as those of a run.
struct RunOfExport {
  v1::Experiment experiment;
  v1::PolicyState state;
};
// The errors of PortablePolicy::Create.
absl::StatusOr<RunOfExport> AsRun(const v1::ExportedPolicy& model);

}  // namespace starling

#endif  // STARLING_DEPLOY_EXPORT_EXPORTER_H_
