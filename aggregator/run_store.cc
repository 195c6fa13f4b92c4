#include "aggregator/run_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "aggregator/file_system.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

// "STRL": marks the file as ours.
constexpr int64_t kApplicationId = 0x5354524c;

constexpr char kSchema[] = R"sql(
CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL);
CREATE TABLE results(
  generation INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  result BLOB NOT NULL,
  PRIMARY KEY(generation, idx));
CREATE TABLE progress(
  generation INTEGER PRIMARY KEY,
  elapsed_s REAL, env_steps INTEGER, episodes INTEGER,
  sigma REAL, theta_norm REAL, update_norm REAL,
  failed_units INTEGER, dropped_pairs INTEGER, new_best INTEGER,
  training_episodes INTEGER, training_mean REAL, training_std REAL,
  training_min REAL, training_max REAL, training_length REAL,
  fixed_episodes INTEGER, fixed_mean REAL, fixed_std REAL,
  fixed_min REAL, fixed_max REAL, fixed_length REAL,
  fresh_episodes INTEGER, fresh_mean REAL, fresh_std REAL,
  fresh_min REAL, fresh_max REAL, fresh_length REAL);
CREATE TABLE workers(
  session TEXT PRIMARY KEY,
  host TEXT NOT NULL, pid INTEGER NOT NULL, slots INTEGER NOT NULL,
  first_seen REAL NOT NULL, last_seen REAL NOT NULL);
)sql";

constexpr char kInsertProgress[] =
    "INSERT OR REPLACE INTO progress(generation, elapsed_s, env_steps,"
    " episodes, sigma, theta_norm, update_norm, failed_units, dropped_pairs,"
    " new_best, training_episodes, training_mean, training_std, training_min,"
    " training_max, training_length, fixed_episodes, fixed_mean, fixed_std,"
    " fixed_min, fixed_max, fixed_length, fresh_episodes, fresh_mean,"
    " fresh_std, fresh_min, fresh_max, fresh_length) VALUES(?,?,?,?,?,?,?,?,?,"
    "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

constexpr char kSelectProgress[] =
    "SELECT generation, elapsed_s, env_steps, episodes, sigma, theta_norm,"
    " update_norm, failed_units, dropped_pairs, new_best, training_episodes,"
    " training_mean, training_std, training_min, training_max,"
    " training_length, fixed_episodes, fixed_mean, fixed_std, fixed_min,"
    " fixed_max, fixed_length, fresh_episodes, fresh_mean, fresh_std,"
    " fresh_min, fresh_max, fresh_length FROM progress ORDER BY generation";

// SQLite's integers are signed.
int64_t ToSigned(uint64_t number) {
  CHECK_LE(number, static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  return static_cast<int64_t>(number);
}

void BindSummary(const std::optional<ReturnSummary>& summary, Query* query) {
  if (!summary.has_value()) {
    for (int i = 0; i < 6; ++i) query->BindNull();
    return;
  }
  query->Bind(int64_t{summary->episodes})
      .Bind(summary->mean)
      .Bind(summary->std)
      .Bind(summary->min)
      .Bind(summary->max)
      .Bind(summary->mean_length);
}

// From six columns, the first of which is `column`.
std::optional<ReturnSummary> ReadSummary(const Query& query, int column) {
  if (query.IsNull(column)) return std::nullopt;
  ReturnSummary summary;
  summary.episodes = static_cast<int>(query.Int(column));
  summary.mean = query.Double(column + 1);
  summary.std = query.Double(column + 2);
  summary.min = query.Double(column + 3);
  summary.max = query.Double(column + 4);
  summary.mean_length = query.Double(column + 5);
  return summary;
}

ProgressRow ReadProgressRow(const Query& query) {
  ProgressRow row;
  row.progress.generation = static_cast<uint64_t>(query.Int(0));
  row.elapsed_s = query.Double(1);
  row.progress.env_steps = static_cast<uint64_t>(query.Int(2));
  row.progress.episodes = static_cast<uint64_t>(query.Int(3));
  row.progress.sigma = query.Double(4);
  row.progress.theta_norm = query.Double(5);
  row.progress.update_norm = query.Double(6);
  row.progress.failed_units = static_cast<int>(query.Int(7));
  row.progress.dropped_pairs = static_cast<int>(query.Int(8));
  row.progress.new_best = query.Int(9) != 0;
  row.progress.training = ReadSummary(query, 10).value_or(ReturnSummary());
  row.progress.fixed = ReadSummary(query, 16);
  row.progress.fresh = ReadSummary(query, 22);
  return row;
}

double ToSeconds(absl::Time time) {
  return absl::ToDoubleSeconds(time - absl::UnixEpoch());
}

absl::Time FromSeconds(double seconds) {
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

bool Exists(const std::string& path) {
  struct stat information;
  return stat(path.c_str(), &information) == 0;
}

absl::Status Damaged(const std::string& path, absl::string_view detail) {
  return absl::DataLossError(absl::StrCat(
      "run database ", path, " is damaged (", detail,
      "). It holds curves and a cache of results, nothing that the outcome "
      "depends on: rename it (say, to ",
      path, ".corrupt) and the run goes on from its newest checkpoint."));
}

// Adds the remedy to the errors that need one.
absl::Status Explain(const std::string& path, const absl::Status& status) {
  if (absl::IsDataLoss(status)) return Damaged(path, status.message());
  return status;
}

absl::Status CheckFormat(const std::string& path, int64_t version,
                         int64_t application_id) {
  if (application_id != kApplicationId) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        " is a database, but not one of Starling's: give the run another "
        "directory"));
  }
  if (version > RunStore::kFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "run database ", path, " has format version ", version,
        "; this version of Starling reads up to ", RunStore::kFormatVersion,
        ". Use the Starling that wrote it, or a newer one."));
  }
  return absl::OkStatus();
}

// Journal and durability, for the owner.
absl::Status SetJournal(RunStore::Journal journal, Database* database) {
  const bool is_shared = journal == RunStore::Journal::kDelete ||
                         (journal == RunStore::Journal::kByFileSystem &&
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

absl::Status Prepare(RunStore::Journal journal, Database* database) {
  const std::string& path = database->path();
  ASSIGN_OR_RETURN(const int64_t num_tables,
                   database->SelectInt("SELECT count(*) FROM sqlite_schema"));
  ASSIGN_OR_RETURN(const int64_t version,
                   database->SelectInt("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t application_id,
                   database->SelectInt("PRAGMA application_id"));
  if (num_tables > 0 || version != 0) {
    RETURN_IF_ERROR(CheckFormat(path, version, application_id));
    ASSIGN_OR_RETURN(const std::string verdict,
                     database->SelectText("PRAGMA quick_check(1)"));
    if (verdict != "ok") return absl::DataLossError(verdict);
    return SetJournal(journal, database);
  }
  RETURN_IF_ERROR(SetJournal(journal, database));
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database));
  RETURN_IF_ERROR(database->Execute(kSchema));
  RETURN_IF_ERROR(database->Execute(
      absl::StrCat("PRAGMA application_id=", kApplicationId)));
  RETURN_IF_ERROR(database->Execute(
      absl::StrCat("PRAGMA user_version=", RunStore::kFormatVersion)));
  return transaction->Commit();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Open(
    const std::string& path, Journal journal) {
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(path, Database::Access::kReadWrite);
  if (!database.ok()) return Explain(path, database.status());
  const absl::Status status = Prepare(journal, database->get());
  if (!status.ok()) return Explain(path, status);
  return std::unique_ptr<RunStore>(new RunStore(*std::move(database)));
}

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::OpenReadOnly(
    const std::string& path) {
  if (!Exists(path)) {
    return absl::NotFoundError(absl::StrCat("there is no run database ", path));
  }
  absl::StatusOr<int64_t> version = absl::InternalError("");
  absl::StatusOr<std::unique_ptr<Database>> database = version.status();
  for (const auto access :
       {Database::Access::kReadOnly, Database::Access::kImmutable}) {
    database = Database::Open(path, access);
    if (database.ok()) {
      version = (*database)->SelectInt("PRAGMA user_version");
    } else {
      version = database.status();
    }
    // Where the log can't be opened (a finished run in somebody else's folder)
    // and nothing waits in it, the file alone is complete.
    if (version.ok() || Exists(path + "-wal")) break;
  }
  if (!version.ok()) return Explain(path, version.status());
  const absl::StatusOr<int64_t> application_id =
      (*database)->SelectInt("PRAGMA application_id");
  if (!application_id.ok()) return Explain(path, application_id.status());
  RETURN_IF_ERROR(CheckFormat(path, *version, *application_id));
  return std::unique_ptr<RunStore>(new RunStore(*std::move(database)));
}

absl::StatusOr<std::string> RunStore::SetAside(const std::string& path) {
  std::string target = path + ".corrupt";
  for (int i = 1; Exists(target); ++i) {
    target = absl::StrCat(path, ".corrupt.", i);
  }
  // The log belongs to the file: left behind, it would be played into the next.
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) {
    const std::string from = path + suffix;
    if (Exists(from) &&
        std::rename(from.c_str(), (target + suffix).c_str()) != 0) {
      return absl::InternalError(
          absl::StrCat("can't rename ", from, " to ", target, suffix));
    }
  }
  LOG(WARNING) << "run database " << path << " is damaged: kept as " << target;
  return target;
}

absl::Status RunStore::AddResults(absl::Span<const v1::RolloutResult> results) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database_.get()));
  for (const v1::RolloutResult& result : results) {
    RETURN_IF_ERROR(Explain(
        database_->path(),
        database_
            ->Prepare("INSERT OR IGNORE INTO results(generation, idx, result)"
                      " VALUES(?,?,?)")
            .Bind(ToSigned(result.generation()))
            .Bind(int64_t{result.index()})
            .BindBlob(SerializeDeterministically(result))
            .Run()));
  }
  return transaction->Commit();
}

absl::StatusOr<std::vector<v1::RolloutResult>> RunStore::Results(
    uint64_t generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(
      "SELECT idx, result FROM results WHERE generation=? ORDER BY idx");
  query.Bind(ToSigned(generation));
  std::vector<v1::RolloutResult> results;
  while (true) {
    const absl::StatusOr<bool> has_row = query.Step();
    if (!has_row.ok()) return Explain(database_->path(), has_row.status());
    if (!*has_row) return results;
    v1::RolloutResult result;
    if (!result.ParseFromString(query.Bytes(1)) ||
        result.generation() != generation ||
        int64_t{result.index()} != query.Int(0)) {
      return Damaged(database_->path(),
                     absl::StrCat("result ", query.Int(0), " of generation ",
                                  generation, " can't be read"));
    }
    results.push_back(std::move(result));
  }
}

absl::Status RunStore::DropResultsBefore(uint64_t generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(database_->path(),
                 database_->Prepare("DELETE FROM results WHERE generation<?")
                     .Bind(ToSigned(generation))
                     .Run());
}

absl::Status RunStore::AddProgress(const Progress& progress, double elapsed_s) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(kInsertProgress);
  query.Bind(ToSigned(progress.generation))
      .Bind(elapsed_s)
      .Bind(ToSigned(progress.env_steps))
      .Bind(ToSigned(progress.episodes))
      .Bind(progress.sigma)
      .Bind(progress.theta_norm)
      .Bind(progress.update_norm)
      .Bind(int64_t{progress.failed_units})
      .Bind(int64_t{progress.dropped_pairs})
      .Bind(int64_t{progress.new_best});
  BindSummary(progress.training, &query);
  BindSummary(progress.fixed, &query);
  BindSummary(progress.fresh, &query);
  return Explain(database_->path(), query.Run());
}

absl::StatusOr<std::vector<ProgressRow>> RunStore::ReadProgress() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(kSelectProgress);
  std::vector<ProgressRow> rows;
  while (true) {
    const absl::StatusOr<bool> has_row = query.Step();
    if (!has_row.ok()) return Explain(database_->path(), has_row.status());
    if (!*has_row) return rows;
    rows.push_back(ReadProgressRow(query));
  }
}

absl::Status RunStore::TruncateProgressFrom(uint64_t generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(database_->path(),
                 database_->Prepare("DELETE FROM progress WHERE generation>=?")
                     .Bind(ToSigned(generation))
                     .Run());
}

absl::StatusOr<uint64_t> RunStore::IncarnationLocked() {
  Query query =
      database_->Prepare("SELECT value FROM meta WHERE key='incarnation'");
  const absl::StatusOr<bool> has_row = query.Step();
  if (!has_row.ok()) return Explain(database_->path(), has_row.status());
  if (!*has_row) return 0;
  uint64_t incarnation = 0;
  if (!absl::SimpleAtoi(query.Bytes(0), &incarnation)) {
    return Damaged(database_->path(),
                   absl::StrCat("incarnation is \"", query.Bytes(0), "\""));
  }
  return incarnation;
}

absl::StatusOr<uint64_t> RunStore::Incarnation() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return IncarnationLocked();
}

absl::StatusOr<uint64_t> RunStore::NextIncarnation(uint64_t at_least) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // A worker must never see a number twice, not even after a crash of the
  // machine: this one commit waits for the disk.
  RETURN_IF_ERROR(database_->Execute("PRAGMA synchronous=FULL"));
  const auto count = [&]() -> absl::StatusOr<uint64_t> {
    ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                     Transaction::Begin(database_.get()));
    ASSIGN_OR_RETURN(const uint64_t last, IncarnationLocked());
    const uint64_t next = std::max(last, at_least) + 1;
    RETURN_IF_ERROR(database_
                        ->Prepare("INSERT OR REPLACE INTO meta(key, value)"
                                  " VALUES('incarnation', ?)")
                        .BindText(absl::StrCat(next))
                        .Run());
    RETURN_IF_ERROR(transaction->Commit());
    return next;
  };
  const absl::StatusOr<uint64_t> next = count();
  RETURN_IF_ERROR(database_->Execute("PRAGMA synchronous=NORMAL"));
  return next;
}

absl::Status RunStore::RecordWorker(const WorkerRecord& worker) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(
      database_->path(),
      database_
          ->Prepare("INSERT INTO workers(session, host, pid, slots, first_seen,"
                    " last_seen) VALUES(?,?,?,?,?,?) ON CONFLICT(session) DO"
                    " UPDATE SET host=excluded.host, pid=excluded.pid,"
                    " slots=excluded.slots, last_seen=excluded.last_seen")
          .BindText(worker.session)
          .BindText(worker.host)
          .Bind(worker.pid)
          .Bind(int64_t{worker.slots})
          .Bind(ToSeconds(worker.first_seen))
          .Bind(ToSeconds(worker.last_seen))
          .Run());
}

absl::StatusOr<std::vector<WorkerRecord>> RunStore::Workers() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(
      "SELECT session, host, pid, slots, first_seen, last_seen FROM workers"
      " ORDER BY first_seen, session");
  std::vector<WorkerRecord> workers;
  while (true) {
    const absl::StatusOr<bool> has_row = query.Step();
    if (!has_row.ok()) return Explain(database_->path(), has_row.status());
    if (!*has_row) return workers;
    WorkerRecord worker;
    worker.session = query.Bytes(0);
    worker.host = query.Bytes(1);
    worker.pid = query.Int(2);
    worker.slots = static_cast<int>(query.Int(3));
    worker.first_seen = FromSeconds(query.Double(4));
    worker.last_seen = FromSeconds(query.Double(5));
    workers.push_back(std::move(worker));
  }
}

}  // namespace starling
