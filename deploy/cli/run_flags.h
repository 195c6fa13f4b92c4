// The flags that `train` and `aggregator` share.
#ifndef STARLING_DEPLOY_CLI_RUN_FLAGS_H_
#define STARLING_DEPLOY_CLI_RUN_FLAGS_H_

#include <algorithm>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"
#include "deploy/run/run.h"

namespace starling {

class RunFlags {
 public:
  void Declare(CLI::App& app);
  // Loads the experiment; InvalidArgument lists everything that is wrong.
  absl::StatusOr<RunOptions> ToOptions() const;

 private:
  std::string experiment_;
  std::string run_;
  std::vector<std::string> overrides_;
  std::string resume_ = "auto";
  std::string progress_ = "auto";
  std::string allowed_changes_;
  std::string http_;
  double grace_s_ = 20;
  bool no_rollback_ = false;
};

// --workers: of the verbs that compute on this machine.
class WorkersFlag {
 public:
  void Declare(CLI::App& app);
  // At least 0. InvalidArgument: it is neither auto nor a number in range.
  absl::StatusOr<int> Count() const;

 private:
  std::string workers_ = "auto";
};

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_RUN_FLAGS_H_
