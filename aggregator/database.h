// A connection to an SQLite file, with absl::Status for its errors.
//
// Thin on purpose: statements are SQL text, prepared once and kept; a
// transaction is an object that rolls back unless it is committed. Not
// thread-safe.
//
// Errors name the file: ResourceExhausted (no space left; the connection stays
// usable and later calls succeed once there is space), DataLoss (the file is
// damaged or is no database), FailedPrecondition (read-only), Unavailable
// (somebody else holds the file for longer than the wait), Internal.
#ifndef STARLING_AGGREGATOR_DATABASE_H_
#define STARLING_AGGREGATOR_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace starling {

class Database;

// One execution of a prepared statement. Bind, then Step until false; the
// statement is reset when this object ends. At most one a SQL text at a time.
class Query {
 public:
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // In the order of the SQL text's question marks. A NaN is stored as NULL.
  Query& Bind(int64_t value);
  Query& Bind(double value);
  Query& BindText(absl::string_view value);
  Query& BindBlob(absl::string_view value);
  Query& BindNull();

  // True: a row is there to be read.
  absl::StatusOr<bool> Step();
  // For statements that answer no rows.
  absl::Status Run();

  // Of the current row, by column; a NULL reads as 0, NaN or "".
  bool IsNull(int column) const;
  int64_t Int(int column) const;
  double Double(int column) const;
  // A copy of the bytes of a text or a blob.
  std::string Bytes(int column) const;

 private:
  friend class Database;
  Query(Database* database, sqlite3_stmt* statement, absl::Status status);

  Database* database_;
  sqlite3_stmt* statement_;
  absl::Status status_;  // of preparing and binding; Step reports it
  int num_bound_ = 0;
};

class Database {
 public:
  // kImmutable: nobody can be writing (a finished run in a folder that this
  // user may not write); takes no locks.
  enum class Access { kReadWrite, kReadOnly, kImmutable };

  // kReadWrite creates a file that is not there. Waits up to 10 s for others'
  // locks, here and in every later call.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                        Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs SQL text that has no parameters; several statements are allowed.
  absl::Status Execute(const std::string& sql);
  // The first column of the first row, as a number or as text.
  absl::StatusOr<int64_t> SelectInt(const std::string& sql);
  absl::StatusOr<std::string> SelectText(const std::string& sql);
  // A statement; the first use of a text prepares it.
  Query Prepare(const std::string& sql);

  const std::string& path() const { return path_; }

 private:
  friend class Query;
  Database(std::string path, sqlite3* connection);
  // What the connection's last error means, as a Status.
  absl::Status Error(int code) const;

  std::string path_;
  sqlite3* connection_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

// All or nothing: rolls back at the end of its life unless committed.
class Transaction {
 public:
  static absl::StatusOr<std::unique_ptr<Transaction>> Begin(Database* database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  absl::Status Commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}

  Database* database_;
  bool is_open_ = true;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_DATABASE_H_
