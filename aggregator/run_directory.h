// The directory of a run: who may use it, what it belongs to, where things are.
//
//   config.textproto   the resolved experiment, every default written out
//   meta.json          starts: when, where, with which command and versions
//   endpoint           address of the live aggregator, for workers
//   run.lock           held by the aggregator, names its host and process
//   checkpoints/  run.db  videos/  logs/
//   failed/            units that had no return (failed_units.h), if any
//
// Not thread-safe.
#ifndef STARLING_AGGREGATOR_RUN_DIRECTORY_H_
#define STARLING_AGGREGATOR_RUN_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/run_lock.h"
#include "base/message_diff.h"
#include "proto/experiment.pb.h"
#include "proto/run.pb.h"

namespace starling {

// kAuto: goes on if there is a run, else starts one. kNever: starts one and
// refuses a directory that holds anything. kMust: goes on and refuses a
// directory without a checkpoint.
enum class ResumeMode { kAuto, kNever, kMust };

// InvalidArgument unless `name` is [A-Za-z0-9._-]{1,64} without a leading dot.
absl::Status ValidateRunName(absl::string_view name);

// "runs/<name>-s<seed>", where a run goes if the user does not say.
std::string DefaultRunPath(const v1::Experiment& experiment);

// SHA-256 (32 bytes) of the resolved experiment's deterministic serialisation.
std::string ConfigDigest(const v1::Experiment& experiment);

// The changes from one experiment to another, both resolved first, if all of
// them are allowed. `allowed` holds paths ("budget.generations") or messages
// ("budget"); only the budget and audit_fraction may ever change within a run,
// since everything else would make its outcome no function of its experiment.
// InvalidArgument lists every change that is not allowed as "path: old -> new".
absl::StatusOr<std::vector<FieldChange>> CheckSameExperiment(
    const v1::Experiment& stored, const v1::Experiment& wanted,
    const std::vector<std::string>& allowed);

// Where things are in a run directory.
struct RunPaths {
  explicit RunPaths(const std::string& root);

  std::string root, config, meta, endpoint, lock, checkpoints, database, videos,
      logs, failed;
};

// The resolved experiment of an existing run, from its configuration file or,
// if that can't be read, its newest checkpoint. NotFound: `path` is no run
// directory; DataLoss: it is, but neither can be read.
absl::StatusOr<v1::Experiment> ReadRunExperiment(const std::string& path);
absl::StatusOr<v1::RunMeta> ReadRunMeta(const std::string& path);
// Unavailable if no aggregator has written one (yet).
absl::StatusOr<v1::RunEndpoint> ReadEndpoint(const std::string& endpoint_file);
// The contents of such a file, whose name is `origin`. InvalidArgument if they
// hold no address.
absl::StatusOr<v1::RunEndpoint> ParseEndpoint(absl::string_view text,
                                              const std::string& origin);

class RunDirectory {
 public:
  struct Options {
    ResumeMode resume = ResumeMode::kAuto;
    // For CheckSameExperiment.
    std::vector<std::string> allowed_changes;
    // Recorded in meta.json.
    v1::RunStart start;
  };

  // Locks and, where needed, creates the directory (mode 0750) of `experiment`.
  //
  // Unavailable: another process holds it (named); PermissionDenied: it can't
  // be created or written; InvalidArgument: the name is not allowed, it belongs
  // to another experiment (every differing field is listed), it holds foreign
  // files, or `resume` forbids; NotFound: kMust without a checkpoint;
  // ResourceExhausted: the disk is full.
  static absl::StatusOr<std::unique_ptr<RunDirectory>> Open(
      const std::string& path, const v1::Experiment& experiment,
      const Options& options);
  // Removes the endpoint; gives the lock back.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const RunPaths& paths() const { return paths_; }
  // Resolved; with the allowed changes.
  const v1::Experiment& experiment() const { return experiment_; }
  // What this start has changed; a checkpoint still has the old values.
  const std::vector<FieldChange>& changes() const { return changes_; }
  // Whether there is a checkpoint to go on from, intact or not.
  bool has_checkpoint() const { return has_checkpoint_; }

  // The largest incarnation that the lock file remembers; 0 in a new run.
  uint64_t last_incarnation() const { return lock_->last_incarnation(); }
  // Tells whoever wants the directory.
  absl::Status SetIncarnation(uint64_t incarnation) {
    return lock_->SetIncarnation(incarnation);
  }

  // Tells workers where to connect, and whether with TLS. Written by rename:
  // they never see half.
  absl::Status WriteEndpoint(const std::string& address, bool tls = false);

 private:
  RunDirectory(RunPaths paths, v1::Experiment experiment,
               std::unique_ptr<RunLock> lock)
      : paths_(std::move(paths)),
        experiment_(std::move(experiment)),
        lock_(std::move(lock)) {}
  absl::Status CompareWithStored(const Options& options);
  absl::Status WriteConfig() const;
  absl::Status RecordStart(v1::RunStart start) const;

  RunPaths paths_;
  v1::Experiment experiment_;
  std::vector<FieldChange> changes_;
  bool has_checkpoint_ = false;
  std::unique_ptr<RunLock> lock_;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_RUN_DIRECTORY_H_
