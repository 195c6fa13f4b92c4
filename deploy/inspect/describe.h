// What a run is and how far it has come.
//
// Reads a run directory without changing it; the run may be live. What can't be
// read becomes a warning, not an error, as long as the directory is a run's.
#ifndef STARLING_DEPLOY_INSPECT_DESCRIBE_H_
#define STARLING_DEPLOY_INSPECT_DESCRIBE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "aggregator/run_store.h"
#include "deploy/cli/json.h"
#include "proto/checkpoint.pb.h"
#include "proto/run.pb.h"

namespace starling {

struct RunDescription {
  std::string path;
  v1::Experiment experiment;
  std::string config_sha256;
  // Of the newest intact checkpoint, where there is one.
  struct State {
    v1::EnvSpec env_spec;
    int num_parameters = 0;
    uint64_t generation = 0;
    uint64_t env_steps = 0;
    uint64_t episodes = 0;
    double elapsed_s = 0;
    bool finished = false;
    std::string signature;
    v1::Fingerprint fingerprint;
  };
  std::optional<State> state;
  struct Best {
    uint64_t generation = 0;
    double fixed_return = 0;
    // Absent where the experiment has no fresh episodes.
    std::optional<double> fresh_return;
    std::string signature;
  };
  std::optional<Best> best;
  // The newest row of the database: may be ahead of the checkpoint.
  std::optional<ProgressRow> last;
  // Evaluations that failed and pairs that were left out for it, over all rows.
  uint64_t failed_units = 0;
  uint64_t dropped_pairs = 0;
  uint64_t incarnation = 0;
  std::vector<WorkerRecord> workers;
  // Generations that have a checkpoint.
  std::vector<uint64_t> checkpoints;
  // Who computes it at this moment.
  std::optional<v1::RunHolder> holder;
  // Each with its remedy, where there is one.
  std::vector<std::string> warnings;
};

// NotFound: `run` is no run directory; DataLoss: its experiment can't be read.
absl::StatusOr<RunDescription> DescribeRun(const std::string& run);

// Lines of "name  value" for people.
std::string ToText(const RunDescription& run);
// The same for scripts. What is not known yet is absent.
JsonObject ToJson(const RunDescription& run);

}  // namespace starling

#endif  // STARLING_DEPLOY_INSPECT_DESCRIBE_H_
