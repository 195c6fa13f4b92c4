// What a run has accepted and measured: `run.db` in its directory, SQLite.
//
//   results   accepted answers of generations that no durable checkpoint
//             covers yet: a restart reads them instead of computing them again
//   progress  one row a generation: what `plot`, `inspect` and the web page
//   show workers   who has taken part meta      single values (incarnation,
//   when created)
//
// The results are a cache: losing them costs time, never a bit of the run's
// outcome. A damaged file is set aside (SetAside) and training goes on from the
// newest checkpoint.
//
// Journal mode WAL, synchronous NORMAL: a commit survives the death of the
// process; a crash of the machine may cost the last commits, never the file.
// While a run is live, verbs on the same host may read along (OpenReadOnly). On
// network file systems, where WAL does not work, the mode is DELETE, and other
// hosts must not open a live file.
//
// Thread-safe: calls take turns. A commit costs about 0.1 ms plus 10 us a KiB.
//
// Errors: ResourceExhausted (disk full: nothing of the call is stored, the
// store recovers by itself when there is space), DataLoss (damaged file; says
// what to do), FailedPrecondition (written by a newer version, or read-only),
// PermissionDenied, Unavailable (locked for over 10 s).
#ifndef STARLING_AGGREGATOR_RUN_STORE_H_
#define STARLING_AGGREGATOR_RUN_STORE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "aggregator/database.h"
#include "aggregator/progress.h"
#include "aggregator/run_database.h"
#include "proto/work.pb.h"

namespace starling {

// A generation's row.
struct ProgressRow {
  Progress progress;
  // Wall-clock seconds of the run at its end.
  double elapsed_s = 0;
};

// One session of a worker.
struct WorkerRecord {
  std::string session;
  std::string host;
  int64_t pid = 0;
  int slots = 0;
  absl::Time first_seen;
  absl::Time last_seen;
};

class RunStore {
 public:
  // Version of the format, in PRAGMA user_version.
  static constexpr int kFormatVersion = kRunDatabaseVersion;

  using Journal = RunJournal;

  // Opens for writing; creates what is not there. Checks the whole file.
  static absl::StatusOr<std::unique_ptr<RunStore>> Open(
      const std::string& path, Journal journal = Journal::kByFileSystem);
  // For onlookers. NotFound if there is no file.
  static absl::StatusOr<std::unique_ptr<RunStore>> OpenReadOnly(
      const std::string& path);
  // Renames a damaged file (and its journal) to the first free of
  // `path`.corrupt, `path`.corrupt.1, ..: the next Open starts an empty one.
  // Answers the new name. No store may have it open.
  static absl::StatusOr<std::string> SetAside(const std::string& path);

  // One transaction. Of two results of the same generation and index the first
  // stays.
  absl::Status AddResults(absl::Span<const v1::RolloutResult> results);
  // Of one generation, by index.
  absl::StatusOr<std::vector<v1::RolloutResult>> Results(uint64_t generation);
  // Forgets results of generations < `generation`: to be called once a
  // checkpoint of `generation` is durable.
  absl::Status DropResultsBefore(uint64_t generation);

  // Replaces the row of the same generation.
  absl::Status AddProgress(const Progress& progress, double elapsed_s);
  // In order of generations.
  absl::StatusOr<std::vector<ProgressRow>> ReadProgress();
  // Forgets rows of generations >= `generation`: on resuming from a checkpoint
  // of that generation.
  absl::Status TruncateProgressFrom(uint64_t generation);

  // Counts a start of the aggregator: larger than every earlier answer and than
  // `at_least` (what the lock file remembers, should this file be new). Durable
  // when it returns.
  absl::StatusOr<uint64_t> NextIncarnation(uint64_t at_least = 0);
  // The last answer; 0 before the first.
  absl::StatusOr<uint64_t> Incarnation();

  // Adds a session, or renews everything but its first_seen.
  absl::Status RecordWorker(const WorkerRecord& worker);
  // By first_seen.
  absl::StatusOr<std::vector<WorkerRecord>> Workers();

 private:
  explicit RunStore(std::unique_ptr<Database> database)
      : database_(std::move(database)) {}
  absl::Status InsertResults(absl::Span<const v1::RolloutResult> results);
  absl::StatusOr<uint64_t> ReadIncarnation();
  absl::StatusOr<uint64_t> WriteNextIncarnation(uint64_t at_least);
  absl::Status Explain(const absl::Status& status) const {
    return ExplainRunDatabaseError(database_->path(), status);
  }

  std::mutex mutex_;
  std::unique_ptr<Database> database_;  // guarded by mutex_
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_RUN_STORE_H_
