#include "aggregator/run_database.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/file_system.h"
#include "base/file.h"
#include "base/status.h"

namespace starling {
namespace {

// "STRL": marks the file as ours.
constexpr int64_t kApplicationId = 0x5354524c;

constexpr char kSchema[] = R"sql(
CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL);
CREATE TABLE progress(
  generation INTEGER PRIMARY KEY,
  elapsed_s REAL, env_steps INTEGER, episodes INTEGER,
  sigma REAL, theta_norm REAL, update_norm REAL,
  failed_units INTEGER, dropped_pairs INTEGER, new_best INTEGER,
  flat_fitness INTEGER,
  training_episodes INTEGER, training_mean REAL, training_std REAL,
  training_min REAL, training_max REAL, training_length REAL, training_failed INTEGER,
  fixed_episodes INTEGER, fixed_mean REAL, fixed_std REAL,
  fixed_min REAL, fixed_max REAL, fixed_length REAL, fixed_failed INTEGER,
  fresh_episodes INTEGER, fresh_mean REAL, fresh_std REAL,
  fresh_min REAL, fresh_max REAL, fresh_length REAL, fresh_failed INTEGER);
CREATE TABLE workers(
  session TEXT PRIMARY KEY,
  host TEXT NOT NULL, pid INTEGER NOT NULL, slots INTEGER NOT NULL,
  first_seen REAL NOT NULL, last_seen REAL NOT NULL);
)sql";

// Those of version 2; version 1 did not know whose a result was.
constexpr char kResults[] = R"sql(
CREATE TABLE results(
  generation INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  session TEXT NOT NULL,
  result BLOB NOT NULL,
  PRIMARY KEY(generation, idx, session)) WITHOUT ROWID;
CREATE TABLE standings(
  session TEXT PRIMARY KEY,
  origin TEXT NOT NULL,
  first_generation INTEGER,
  convicted INTEGER NOT NULL) WITHOUT ROWID;
)sql";
// Since version 3.
constexpr char kSearch[] = R"sql(
CREATE TABLE IF NOT EXISTS search(
  generation INTEGER PRIMARY KEY,
  stage INTEGER, weights INTEGER, biases INTEGER, bits INTEGER,
  mean_cost REAL, num_distinct INTEGER, choice BLOB, probabilities BLOB,
  entropy REAL,
  sampled_episodes INTEGER, sampled_mean REAL, sampled_std REAL,
  sampled_min REAL, sampled_max REAL, sampled_length REAL, sampled_failed INTEGER);
)sql";
constexpr char kSetOldResultsAside[] =
    "ALTER TABLE results RENAME TO old_results";
constexpr char kTakeOldResults[] =
    "INSERT INTO results SELECT generation, idx, '', result FROM old_results;"
    "DROP TABLE old_results";

// Tables of a new file (version 0), or those that an older one lacks.
absl::Status CreateTables(int64_t version, Database* database) {
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database));
  if (version == 0) {
    RETURN_IF_ERROR(database->Execute(kSchema));
    RETURN_IF_ERROR(database->Execute(kResults));
  } else if (version == 1) {
    RETURN_IF_ERROR(database->Execute(kSetOldResultsAside));
    RETURN_IF_ERROR(database->Execute(kResults));
    RETURN_IF_ERROR(database->Execute(kTakeOldResults));
  }
  RETURN_IF_ERROR(database->Execute(kSearch));
  RETURN_IF_ERROR(database->Execute(
      absl::StrCat("PRAGMA application_id=", kApplicationId)));
  RETURN_IF_ERROR(database->Execute(
      absl::StrCat("PRAGMA user_version=", kRunDatabaseVersion)));
  return transaction->Commit();
}

// Whether the file is a run's, of a version that this program understands.
absl::Status CheckReadable(Database* database) {
  const std::string& path = database->path();
  ASSIGN_OR_RETURN(const int64_t version,
                   database->SelectInt("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t application_id,
                   database->SelectInt("PRAGMA application_id"));
  if (application_id != kApplicationId) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        " is a database, but not one of Starling's: give the run another "
        "directory"));
  }
  if (version > kRunDatabaseVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "run database ", path, " has format version ", version,
        "; this version of Starling reads up to ", kRunDatabaseVersion,
        ". Use the Starling that wrote it, or a newer one."));
  }
  return absl::OkStatus();
}

// Journal and durability, for the owner.
absl::Status SetJournal(RunJournal journal, Database* database) {
  const bool is_shared = journal == RunJournal::kDelete ||
                         (journal == RunJournal::kByFileSystem &&
                          IsOnNetworkFileSystem(database->path()));
  std::string mode;
  if (is_shared) {
    // A file may come from a local disk, in mode WAL: in exclusive mode SQLite
    // leaves WAL without the shared memory that doesn't work here.
    RETURN_IF_ERROR(database->Execute("PRAGMA locking_mode=EXCLUSIVE"));
    ASSIGN_OR_RETURN(mode, database->SelectText("PRAGMA journal_mode=DELETE"));
    RETURN_IF_ERROR(database->Execute("PRAGMA locking_mode=NORMAL"));
  } else {
    ASSIGN_OR_RETURN(mode, database->SelectText("PRAGMA journal_mode=WAL"));
  }
  if (mode != (is_shared ? "delete" : "wal")) {
    return absl::InternalError(
        absl::StrCat(database->path(), ": journal mode is ", mode));
  }
  // After a long reader the log may be large: cut it down when it restarts.
  RETURN_IF_ERROR(database->Execute("PRAGMA journal_size_limit=16777216"));
  return database->Execute("PRAGMA synchronous=NORMAL");
}

absl::Status Prepare(RunJournal journal, Database* database) {
  ASSIGN_OR_RETURN(const int64_t num_tables,
                   database->SelectInt("SELECT count(*) FROM sqlite_schema"));
  ASSIGN_OR_RETURN(const int64_t version,
                   database->SelectInt("PRAGMA user_version"));
  if (num_tables > 0 || version != 0) {
    RETURN_IF_ERROR(CheckReadable(database));
    ASSIGN_OR_RETURN(const std::string verdict,
                     database->SelectText("PRAGMA quick_check(1)"));
    if (verdict != "ok") return absl::DataLossError(verdict);
  }
  RETURN_IF_ERROR(SetJournal(journal, database));
  // A new file, one whose creation was cut off, or an older one.
  return version < kRunDatabaseVersion ? CreateTables(version, database)
                                       : absl::OkStatus();
}

}  // namespace

absl::Status DamagedRunDatabase(const std::string& path,
                                absl::string_view detail) {
  return absl::DataLossError(absl::StrCat(
      "run database ", path, " is damaged (", detail,
      "). It holds curves and a cache of results, nothing that the outcome "
      "depends on: rename it (say, to ",
      path, ".corrupt) and the run goes on from its newest checkpoint."));
}

absl::Status ExplainRunDatabaseError(const std::string& path,
                                     const absl::Status& status) {
  if (absl::IsDataLoss(status))
    return DamagedRunDatabase(path, status.message());
  return status;
}

absl::StatusOr<std::unique_ptr<Database>> OpenRunDatabase(
    const std::string& path, RunJournal journal) {
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(path, Database::Access::kReadWrite);
  if (!database.ok()) return ExplainRunDatabaseError(path, database.status());
  const absl::Status status = Prepare(journal, database->get());
  if (!status.ok()) return ExplainRunDatabaseError(path, status);
  return database;
}

absl::StatusOr<std::unique_ptr<Database>> OpenRunDatabaseReadOnly(
    const std::string& path) {
  if (!FileExists(path)) {
    return absl::NotFoundError(absl::StrCat("there is no run database ", path));
  }
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(path, Database::Access::kReadOnly);
  absl::Status status =
      database.ok() ? CheckReadable(database->get()) : database.status();
  // Where the log can't be opened (a finished run in somebody else's folder)
  // and nothing waits in it, the file alone is complete.
  if (!status.ok() && !FileExists(path + "-wal")) {
    database = Database::Open(path, Database::Access::kImmutable);
    status = database.ok() ? CheckReadable(database->get()) : database.status();
  }
  if (!status.ok()) return ExplainRunDatabaseError(path, status);
  return database;
}

}  // namespace starling
