// What a run has accepted and measured: `run.db` in its directory, SQLite.
//
//   results   accepted answers of generations that no durable checkpoint
//             covers yet: a restart reads them instead of computing them again
//   standings where each session that has answered first did, and whether it
//             was convicted of a wrong answer
//   progress  one row a generation: what `plot`, `inspect` and the web page
//             show
//   workers   who has taken part
//   meta      single values (incarnation, where to go back to)
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
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "aggregator/database.h"
#include "aggregator/progress.h"
#include "aggregator/run_database.h"
#include "aggregator/standing.h"
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

// An answer, and who gave it.
struct SessionResult {
  std::string session = {};
  Standing standing = {};
  // The first of its session: the standing is stored, too.
  bool is_first = false;
  v1::RolloutResult result = {};
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

  // One transaction. Of two results of the same generation, index and session
  // the first stays; so does a session's first standing.
  absl::Status AddResults(absl::Span<const SessionResult> results);
  // Of one generation, by index.
  absl::StatusOr<std::vector<SessionResult>> Results(uint64_t generation);
  // Forgets results of generations < `generation`: to be called once a
  // checkpoint of `generation` is durable.
  absl::Status DropResultsBefore(uint64_t generation);

  // Of a session that has answered; none else.
  absl::StatusOr<std::optional<Standing>> StandingOf(
      const std::string& session);
  // Notes for good that this worker was convicted, and forgets its results.
  // With `suspect`, the run has to go back to a checkpoint of that generation
  // or an older one before it goes on. One transaction, durable when it
  // returns.
  absl::Status Convict(const Standing& standing,
                       std::optional<uint64_t> suspect);
  // The oldest suspect generation that the run has not gone back to yet.
  absl::StatusOr<std::optional<uint64_t>> Suspect();
  // The checkpoints after it are gone: forgets all results, and where to go
  // back to. One transaction.
  absl::Status GoneBack();

  // Replaces the row of the same generation.
  absl::Status AddProgress(const Progress& progress, double elapsed_s);
  // In order of generations.
  absl::StatusOr<std::vector<ProgressRow>> ReadProgress();
  // The run goes on from a checkpoint of that generation: forgets the rows of
  // that one and later ones. Whoever has answered since may now answer earlier:
  // no standing is younger than the checkpoint. One transaction.
  absl::Status ResumeFrom(uint64_t generation);

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
  absl::Status InsertResults(absl::Span<const SessionResult> results);
  absl::Status InsertStanding(const std::string& session,
                              const Standing& standing);
  absl::Status WriteConviction(const Standing& standing,
                               std::optional<uint64_t> suspect);
  absl::Status WriteGoneBack();
  absl::Status WriteResumption(uint64_t generation);
  absl::Status AddSearch(uint64_t generation, const SearchProgress& search);
  absl::Status ReadSearch(std::vector<ProgressRow>* rows);
  // A value of `meta`, a number; none if there is no such row.
  absl::StatusOr<std::optional<uint64_t>> ReadNumber(const std::string& key);
  absl::Status WriteNumber(const std::string& key, uint64_t value);
  absl::Status WriteNextIncarnation(uint64_t at_least, uint64_t* next);
  // One commit that waits for the disk.
  absl::Status Durably(absl::FunctionRef<absl::Status()> write);
  absl::Status Explain(const absl::Status& status) const {
    return ExplainRunDatabaseError(database_->path(), status);
  }

  std::mutex mutex_;
  std::unique_ptr<Database> database_;  // guarded by mutex_
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_RUN_STORE_H_
