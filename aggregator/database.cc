#include "aggregator/database.h"

#include <sqlite3.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

// A path as part of a URI: only what RFC 3986 leaves alone stays as it is.
std::string EscapeForUri(const std::string& path) {
  std::string escaped;
  for (const unsigned char c : path) {
    if (std::isalnum(c) != 0 || std::strchr("/._-~", c) != nullptr) {
      escaped.push_back(static_cast<char>(c));
    } else {
      absl::StrAppend(&escaped, "%", absl::Hex(c, absl::kZeroPad2));
    }
  }
  return escaped;
}

}  // namespace

Query::Query(Database* database, sqlite3_stmt* statement, absl::Status status)
    : database_(database), statement_(statement), status_(std::move(status)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::Bind(int64_t value) {
  if (statement_ != nullptr) {
    CHECK_EQ(sqlite3_bind_int64(statement_, ++num_bound_, value), SQLITE_OK);
  }
  return *this;
}

Query& Query::Bind(double value) {
  if (statement_ != nullptr) {
    CHECK_EQ(sqlite3_bind_double(statement_, ++num_bound_, value), SQLITE_OK);
  }
  return *this;
}

Query& Query::BindText(absl::string_view value) {
  if (statement_ == nullptr) return *this;
  const int code =
      sqlite3_bind_text64(statement_, ++num_bound_, value.data(), value.size(),
                          SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) status_.Update(database_->Error(code));
  return *this;
}

Query& Query::BindBlob(absl::string_view value) {
  if (statement_ == nullptr) return *this;
  const int code = sqlite3_bind_blob64(statement_, ++num_bound_,
                                       value.empty() ? "" : value.data(),
                                       value.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) status_.Update(database_->Error(code));
  return *this;
}

Query& Query::BindNull() {
  if (statement_ != nullptr) {
    CHECK_EQ(sqlite3_bind_null(statement_, ++num_bound_), SQLITE_OK);
  }
  return *this;
}

absl::StatusOr<bool> Query::Step() {
  RETURN_IF_ERROR(status_);
  CHECK_EQ(num_bound_, sqlite3_bind_parameter_count(statement_))
      << sqlite3_sql(statement_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->Error(code);
}

absl::Status Query::Run() {
  ASSIGN_OR_RETURN(const bool has_row, Step());
  CHECK(!has_row) << sqlite3_sql(statement_);
  return absl::OkStatus();
}

bool Query::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t Query::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Query::Double(int column) const {
  if (IsNull(column)) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(statement_, column);
}

std::string Query::Bytes(int column) const {
  // The pointer first: it may convert, and the size is that of its result.
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return "";
  return std::string(static_cast<const char*>(data), size);
}

Database::Database(std::string path, sqlite3* connection)
    : path_(std::move(path)), connection_(connection) {}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) {
    sqlite3_finalize(statement);
  }
  sqlite3_close_v2(connection_);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& path, Access access) {
  const int flags = access == Access::kReadWrite
                        ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                        : SQLITE_OPEN_READONLY;
  const std::string uri =
      absl::StrCat("file:", EscapeForUri(path),
                   access == Access::kImmutable ? "?immutable=1" : "");
  sqlite3* connection = nullptr;
  const int code =
      sqlite3_open_v2(uri.c_str(), &connection,
                      flags | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, nullptr);
  CHECK(connection != nullptr) << "out of memory";
  std::unique_ptr<Database> database(new Database(path, connection));
  if (code != SQLITE_OK) return database->Error(code);
  sqlite3_busy_timeout(connection, kBusyTimeoutMs);
  return database;
}

absl::Status Database::Error(int code) const {
  // What ends a COMMIT is not in sqlite3_system_errno.
  const int last_error = errno;
  int system_error = sqlite3_system_errno(connection_);
  if (system_error == 0) system_error = last_error;
  std::string message =
      absl::StrCat(path_, ": ", sqlite3_errmsg(connection_), " (SQLite error ",
                   sqlite3_extended_errcode(connection_));
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) {
    if (system_error != 0) {
      absl::StrAppend(&message, "; ", std::strerror(system_error));
    }
  }
  absl::StrAppend(&message, ")");
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(message);
    case SQLITE_IOERR:
      if (system_error == ENOSPC || system_error == EDQUOT ||
          system_error == EFBIG) {
        return absl::ResourceExhaustedError(message);
      }
      if (code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS) {
        return absl::DataLossError(message);
      }
      return absl::InternalError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return absl::DataLossError(message);
    case SQLITE_READONLY:
      return absl::FailedPreconditionError(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status Database::Execute(const std::string& sql) {
  const int code =
      sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<int64_t> Database::SelectInt(const std::string& sql) {
  Query query = Prepare(sql);
  ASSIGN_OR_RETURN(const bool has_row, query.Step());
  if (!has_row) return absl::InternalError(absl::StrCat(sql, ": no row"));
  return query.Int(0);
}

absl::StatusOr<std::string> Database::SelectText(const std::string& sql) {
  Query query = Prepare(sql);
  ASSIGN_OR_RETURN(const bool has_row, query.Step());
  if (!has_row) return absl::InternalError(absl::StrCat(sql, ": no row"));
  return query.Bytes(0);
}

Query Database::Prepare(const std::string& sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) {
    return Query(this, found->second, absl::OkStatus());
  }
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(connection_, sql.c_str(), sql.size() + 1,
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Query(this, nullptr, Error(code));
  statements_.emplace(sql, statement);
  return Query(this, statement, absl::OkStatus());
}

absl::StatusOr<std::unique_ptr<Transaction>> Transaction::Begin(
    Database* database) {
  // IMMEDIATE: waiting for a writer happens here, not in mid-transaction, where
  // it could not be retried.
  RETURN_IF_ERROR(database->Execute("BEGIN IMMEDIATE"));
  return std::unique_ptr<Transaction>(new Transaction(database));
}

Transaction::~Transaction() {
  if (!is_open_) return;
  // SQLite has already rolled back after some errors: then there is nothing
  // to do, and it says so.
  database_->Execute("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  RETURN_IF_ERROR(database_->Execute("COMMIT"));
  is_open_ = false;
  return absl::OkStatus();
}

}  // namespace starling
