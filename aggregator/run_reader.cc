#include "aggregator/run_reader.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "aggregator/file_system.h"
#include "aggregator/run_directory.h"
#include "aggregator/run_lock.h"

namespace starling {
namespace {

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> OpenRunForReading(
    const std::string& run) {
  const RunPaths paths(run);
  std::error_code error;
  if (!std::filesystem::is_directory(paths.root, error)) {
    return absl::NotFoundError(absl::StrCat(run, " is no run directory"));
  }
  if (IsOnNetworkFileSystem(paths.root)) {
    const std::optional<v1::RunHolder> holder = RunLock::FindHolder(paths.lock);
    if (holder.has_value() && holder->host() != HostName()) {
      return absl::UnavailableError(absl::StrCat(
          run, " is live in ", DescribeHolder(*holder),
          " and on a network file system, where its database must not be "
          "opened from elsewhere: ask its aggregator with `starling status ",
          run, "`, or look from that host"));
    }
  }
  return RunStore::OpenReadOnly(paths.database);
}

}  // namespace starling
