// The argument POLICY and its flag --checkpoint, which several verbs take.
#ifndef STARLING_DEPLOY_CLI_POLICY_ARGUMENT_H_
#define STARLING_DEPLOY_CLI_POLICY_ARGUMENT_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "proto/env.pb.h"
#include "proto/experiment.pb.h"
#include "proto/work.pb.h"

namespace starling {

struct LoadedPolicy {
  // Resolved.
  v1::Experiment experiment;
  v1::EnvSpec env_spec;
  // The policy is the mean of its distribution, whitened by its moments, with
  // the architecture of its choice.
  v1::PolicyState state;
  // For people: "runs/a-s1, best checkpoint, generation 40".
  std::string description;
  // Of the run, as Signature.
  std::string signature;
};

class PolicyArgument {
 public:
  // POLICY by position, required, and --checkpoint.
  void Declare(CLI::App& app);
  // --policy POLICY, optional, and --checkpoint.
  CLI::Option* DeclareFlag(CLI::App& app);

  // Empty if it was not given.
  const std::string& path() const { return path_; }
  // "best", "last" or a number.
  const std::string& checkpoint() const { return checkpoint_; }
  // Of a run directory, or of a file that `starling export` made: a policy of
  // kind `exported`. DataLoss if it can't be read or has no such checkpoint;
  // InvalidArgument for a checkpoint that is neither best nor last nor a
  // number.
  absl::StatusOr<LoadedPolicy> Load() const;

 private:
  void DeclareCheckpoint(CLI::App& app);
  absl::StatusOr<LoadedPolicy> LoadExport() const;

  std::string path_;
  std::string checkpoint_ = "best";
};

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_POLICY_ARGUMENT_H_
