// The file format of `run.db`: tables, version, journal. RunStore knows what
// the rows mean; this knows whether a file is one of ours and how to open it.
#ifndef STARLING_AGGREGATOR_RUN_DATABASE_H_
#define STARLING_AGGREGATOR_RUN_DATABASE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/database.h"

namespace starling {

// PRAGMA user_version. A newer one is refused, an older one is read.
constexpr int kRunDatabaseVersion = 3;

// kByFileSystem: kDelete on network file systems, else kWal.
enum class RunJournal { kByFileSystem, kWal, kDelete };

// Opens for writing, creates what is not there, brings an older version up to
// this one, checks the whole file (about 1 s a GiB). FailedPrecondition: of a
// newer Starling, or not Starling's.
absl::StatusOr<std::unique_ptr<Database>> OpenRunDatabase(
    const std::string& path, RunJournal journal);
// For onlookers; works in a folder that this user may not write, too, if
// nobody is writing there. NotFound if there is no file.
absl::StatusOr<std::unique_ptr<Database>> OpenRunDatabaseReadOnly(
    const std::string& path);

// DataLoss that says what is lost and what to do.
absl::Status DamagedRunDatabase(const std::string& path,
                                absl::string_view detail);
// `status`, with that explanation if it is DataLoss.
absl::Status ExplainRunDatabaseError(const std::string& path,
                                     const absl::Status& status);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_RUN_DATABASE_H_
