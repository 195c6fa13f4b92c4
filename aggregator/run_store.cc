#include "aggregator/run_store.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

// Keys of `meta`.
constexpr char kIncarnation[] = "incarnation";
constexpr char kSuspect[] = "suspect_generation";

// SQLite's integers are signed.
int64_t ToSigned(uint64_t number) {
  CHECK_LE(number, static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  return static_cast<int64_t>(number);
}

// From three columns of `standings`, the first of which is `column`.
Standing ReadStanding(const Query& query, int column) {
  Standing standing;
  standing.origin = query.Bytes(column);
  if (!query.IsNull(column + 1)) {
    standing.first_generation = static_cast<uint64_t>(query.Int(column + 1));
  }
  standing.convicted = query.Int(column + 2) != 0;
  return standing;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Open(
    const std::string& path, Journal journal) {
  ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                   OpenRunDatabase(path, journal));
  return std::unique_ptr<RunStore>(new RunStore(std::move(database)));
}

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::OpenReadOnly(
    const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                   OpenRunDatabaseReadOnly(path));
  return std::unique_ptr<RunStore>(new RunStore(std::move(database)));
}

absl::StatusOr<std::string> RunStore::SetAside(const std::string& path) {
  std::string target = path + ".corrupt";
  for (int i = 1; FileExists(target); ++i) {
    target = absl::StrCat(path, ".corrupt.", i);
  }
  // The log belongs to the file: left behind, it would be played into the next.
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) {
    const std::string from = path + suffix;
    if (FileExists(from) &&
        std::rename(from.c_str(), (target + suffix).c_str()) != 0) {
      return absl::InternalError(
          absl::StrCat("can't rename ", from, " to ", target, suffix));
    }
  }
  LOG(WARNING) << "run database " << path << " is damaged: kept as " << target;
  return target;
}

absl::Status RunStore::AddResults(absl::Span<const SessionResult> results) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(InsertResults(results));
}

absl::Status RunStore::InsertResults(absl::Span<const SessionResult> results) {
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database_.get()));
  for (const SessionResult& answer : results) {
    RETURN_IF_ERROR(
        database_
            ->Prepare("INSERT OR IGNORE INTO results(generation, idx, session,"
                      " result) VALUES(?,?,?,?)")
            .Bind(ToSigned(answer.result.generation()))
            .Bind(int64_t{answer.result.index()})
            .BindText(answer.session)
            .BindBlob(SerializeDeterministically(answer.result))
            .Run());
    if (!answer.is_first) continue;
    RETURN_IF_ERROR(InsertStanding(answer.session, answer.standing));
  }
  return transaction->Commit();
}

absl::Status RunStore::InsertStanding(const std::string& session,
                                      const Standing& standing) {
  Query query = database_->Prepare(
      "INSERT OR IGNORE INTO standings(session, origin, first_generation,"
      " convicted) VALUES(?,?,?,?)");
  query.BindText(session).BindText(standing.origin);
  if (standing.first_generation.has_value()) {
    query.Bind(ToSigned(*standing.first_generation));
  } else {
    query.BindNull();
  }
  return query.Bind(int64_t{standing.convicted}).Run();
}

absl::StatusOr<std::vector<SessionResult>> RunStore::Results(
    uint64_t generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(
      "SELECT idx, result, results.session, origin, first_generation, convicted"
      " FROM results LEFT JOIN standings USING(session)"
      " WHERE generation=? ORDER BY idx, results.session");
  query.Bind(ToSigned(generation));
  std::vector<SessionResult> results;
  while (true) {
    const absl::StatusOr<bool> has_row = query.Step();
    if (!has_row.ok()) return Explain(has_row.status());
    if (!*has_row) return results;
    SessionResult answer;
    answer.session = query.Bytes(2);
    answer.standing = ReadStanding(query, 3);
    const v1::RolloutResult& result = answer.result;
    if (!answer.result.ParseFromString(query.Bytes(1)) ||
        result.generation() != generation ||
        int64_t{result.index()} != query.Int(0)) {
      return DamagedRunDatabase(
          database_->path(),
          absl::StrCat("result ", query.Int(0), " of generation ", generation,
                       " can't be read"));
    }
    results.push_back(std::move(answer));
  }
}

absl::Status RunStore::DropResultsBefore(uint64_t generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(database_->Prepare("DELETE FROM results WHERE generation<?")
                     .Bind(ToSigned(generation))
                     .Run());
}

absl::StatusOr<std::optional<Standing>> RunStore::StandingOf(
    const std::string& session) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Query query = database_->Prepare(
      "SELECT origin, first_generation, convicted FROM standings"
      " WHERE session=?");
  query.BindText(session);
  const absl::StatusOr<bool> has_row = query.Step();
  if (!has_row.ok()) return Explain(has_row.status());
  if (!*has_row) return std::optional<Standing>();
  return std::optional<Standing>(ReadStanding(query, 0));
}

absl::Status RunStore::Convict(const Standing& standing,
                               std::optional<uint64_t> suspect) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(Durably([&] { return WriteConviction(standing, suspect); }));
}

absl::Status RunStore::WriteConviction(const Standing& standing,
                                       std::optional<uint64_t> suspect) {
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database_.get()));
  RETURN_IF_ERROR(InsertStanding(standing.origin, standing));
  RETURN_IF_ERROR(
      database_->Prepare("UPDATE standings SET convicted=1 WHERE origin=?")
          .BindText(standing.origin)
          .Run());
  RETURN_IF_ERROR(
      database_
          ->Prepare("DELETE FROM results WHERE session IN"
                    " (SELECT session FROM standings WHERE origin=?)")
          .BindText(standing.origin)
          .Run());
  if (suspect.has_value()) {
    ASSIGN_OR_RETURN(const std::optional<uint64_t> before,
                     ReadNumber(kSuspect));
    RETURN_IF_ERROR(
        WriteNumber(kSuspect, std::min(*suspect, before.value_or(*suspect))));
  }
  return transaction->Commit();
}

absl::StatusOr<std::optional<uint64_t>> RunStore::Suspect() {
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::StatusOr<std::optional<uint64_t>> suspect = ReadNumber(kSuspect);
  if (!suspect.ok()) return Explain(suspect.status());
  return suspect;
}

absl::Status RunStore::GoneBack() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(WriteGoneBack());
}

absl::Status RunStore::WriteGoneBack() {
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database_.get()));
  RETURN_IF_ERROR(database_->Execute("DELETE FROM results"));
  RETURN_IF_ERROR(database_->Prepare("DELETE FROM meta WHERE key=?")
                      .BindText(kSuspect)
                      .Run());
  return transaction->Commit();
}

absl::Status RunStore::ResumeFrom(uint64_t generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Explain(WriteResumption(generation));
}

absl::Status RunStore::WriteResumption(uint64_t generation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database_.get()));
  RETURN_IF_ERROR(database_->Prepare("DELETE FROM progress WHERE generation>=?")
                      .Bind(ToSigned(generation))
                      .Run());
  RETURN_IF_ERROR(database_->Prepare("DELETE FROM search WHERE generation>=?")
                      .Bind(ToSigned(generation))
                      .Run());
  RETURN_IF_ERROR(database_
                      ->Prepare("UPDATE standings SET first_generation="
                                "min(first_generation, ?)")
                      .Bind(ToSigned(generation))
                      .Run());
  return transaction->Commit();
}

absl::StatusOr<uint64_t> RunStore::Incarnation() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const absl::StatusOr<std::optional<uint64_t>> incarnation =
      ReadNumber(kIncarnation);
  if (!incarnation.ok()) return Explain(incarnation.status());
  return incarnation->value_or(0);
}

absl::StatusOr<uint64_t> RunStore::NextIncarnation(uint64_t at_least) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // A worker must never see a number twice, not even after a crash of the
  // machine.
  uint64_t next = 0;
  const absl::Status status =
      Durably([&] { return WriteNextIncarnation(at_least, &next); });
  if (!status.ok()) return Explain(status);
  return next;
}

absl::Status RunStore::WriteNextIncarnation(uint64_t at_least, uint64_t* next) {
  ASSIGN_OR_RETURN(std::unique_ptr<Transaction> transaction,
                   Transaction::Begin(database_.get()));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> last,
                   ReadNumber(kIncarnation));
  *next = std::max(last.value_or(0), at_least) + 1;
  RETURN_IF_ERROR(WriteNumber(kIncarnation, *next));
  return transaction->Commit();
}

absl::Status RunStore::Durably(absl::FunctionRef<absl::Status()> write) {
  RETURN_IF_ERROR(database_->Execute("PRAGMA synchronous=FULL"));
  const absl::Status status = write();
  RETURN_IF_ERROR(database_->Execute("PRAGMA synchronous=NORMAL"));
  return status;
}

absl::StatusOr<std::optional<uint64_t>> RunStore::ReadNumber(
    const std::string& key) {
  Query query = database_->Prepare("SELECT value FROM meta WHERE key=?");
  query.BindText(key);
  ASSIGN_OR_RETURN(const bool has_row, query.Step());
  if (!has_row) return std::optional<uint64_t>();
  uint64_t number = 0;
  if (!absl::SimpleAtoi(query.Bytes(0), &number)) {
    return absl::DataLossError(
        absl::StrCat(key, " is \"", query.Bytes(0), "\""));
  }
  return std::optional<uint64_t>(number);
}

absl::Status RunStore::WriteNumber(const std::string& key, uint64_t value) {
  return database_
      ->Prepare("INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)")
      .BindText(key)
      .BindText(absl::StrCat(value))
      .Run();
}

}  // namespace starling
