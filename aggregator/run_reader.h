// Opens a run's database for looking at it.
#ifndef STARLING_AGGREGATOR_RUN_READER_H_
#define STARLING_AGGREGATOR_RUN_READER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "aggregator/run_store.h"

namespace starling {

// The database of the run directory `run`, read-only; the run may be live on
// this host. NotFound: there is no run or it has no database yet; Unavailable:
// the directory is on a network file system and the run is live on another
// host, where a look would get in its way (ask its aggregator: `starling
// status`); else as RunStore::OpenReadOnly.
absl::StatusOr<std::unique_ptr<RunStore>> OpenRunForReading(
    const std::string& run);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_RUN_READER_H_
