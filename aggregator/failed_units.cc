#include "aggregator/failed_units.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/trainer.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kFormatVersion = 1;

bool IsBroken(const v1::RolloutResult& result) {
  return result.status() != v1::RolloutResult::OK &&
         result.status() != v1::RolloutResult::DIVERGED;
}

// As a shell takes it.
std::string Quoted(const std::string& word) {
  const auto is_plain = [](char c) {
    return absl::StrContains("/._-+,=:@%", absl::string_view(&c, 1)) ||
           (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };
  if (std::all_of(word.begin(), word.end(), is_plain)) return word;
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

std::string PathOf(const std::string& folder, uint64_t generation,
                   uint32_t index) {
  return absl::StrCat(folder, "/unit-", generation, "-", index, ".strl");
}

std::string Describe(const v1::WorkUnit& unit,
                     const v1::RolloutResult& result) {
  return absl::StrCat(
      "unit ", unit.index(), " of generation ", unit.generation(), " (",
      v1::WorkUnit::Kind_Name(unit.kind()), ", direction ", unit.direction(),
      ", sign ", unit.sign(), ", seed ", unit.episode_seed(), ") is left out: ",
      v1::RolloutResult::Status_Name(result.status()),
      result.detail().empty() ? "" : ", ", result.detail());
}

absl::StatusOr<v1::FailedUnit> ReadFailedUnit(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFileWithDigest(path));
  v1::FailedUnit failed;
  if (!failed.ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat(path, ": is no failed unit"));
  }
  if (failed.format_version() > kFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": format version ", failed.format_version(),
        "; this version of Starling reads up to ", kFormatVersion));
  }
  return failed;
}

// A unit of a generation that begins with this checkpoint.
absl::StatusOr<v1::FailedUnit> PlanUnit(const v1::Checkpoint& checkpoint,
                                        uint32_t index) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                   Trainer::Create(checkpoint.experiment(),
                                   checkpoint.env_spec(), /*threads=*/1));
  RETURN_IF_ERROR(trainer->Restore(checkpoint));
  if (index >= trainer->units().size()) {
    return absl::NotFoundError(
        absl::StrCat("generation ", checkpoint.state().generation(), " has ",
                     trainer->units().size(), " units; there is no unit ",
                     index));
  }
  v1::FailedUnit failed;
  failed.set_format_version(kFormatVersion);
  *failed.mutable_experiment() = checkpoint.experiment();
  *failed.mutable_state() = trainer->state();
  *failed.mutable_unit() = trainer->units()[index];
  return failed;
}

}  // namespace

FailedUnits::FailedUnits(const v1::Experiment& experiment,
                         const std::string& run)
    : experiment_(experiment),
      run_(run),
      folder_(run.empty() ? "" : RunPaths(run).failed) {}

void FailedUnits::Note(const v1::PolicyState& state,
                       absl::Span<const v1::WorkUnit> units,
                       absl::Span<const v1::RolloutResult> results, Time now) {
  int num_broken = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].status() == v1::RolloutResult::OK) continue;
    if (IsBroken(results[i])) {
      if (++num_broken > kKeptOfAGeneration) continue;
    } else {
      if (kept_diverged_.has_value() &&
          now < *kept_diverged_ + kBetweenDiverged) {
        continue;
      }
      kept_diverged_ = now;
    }
    LOG(WARNING) << Describe(units[i], results[i])
                 << Reproduction(state, units[i], results[i]);
  }
  if (num_broken > kKeptOfAGeneration) {
    LOG(WARNING) << num_broken - kKeptOfAGeneration
                 << " more units of generation " << state.generation()
                 << " crashed or ended in an error";
  }
}

std::string FailedUnits::Reproduction(
    const v1::PolicyState& state, absl::Span<const v1::WorkUnit> units,
    absl::Span<const v1::RolloutResult> results) {
  const auto is_failed = [](const v1::RolloutResult& result) {
    return result.status() != v1::RolloutResult::OK;
  };
  auto first = std::find_if(results.begin(), results.end(), IsBroken);
  if (first == results.end()) {
    first = std::find_if(results.begin(), results.end(), is_failed);
  }
  if (first == results.end()) return "";
  return Reproduction(state, units[first - results.begin()], *first);
}

std::string FailedUnits::Reproduction(const v1::PolicyState& state,
                                      const v1::WorkUnit& unit,
                                      const v1::RolloutResult& result) {
  if (folder_.empty() || !Keep(state, unit, result)) return "";
  return absl::StrCat(". To evaluate it again: ", CommandFor(unit));
}

bool FailedUnits::Keep(const v1::PolicyState& state, const v1::WorkUnit& unit,
                       const v1::RolloutResult& result) {
  v1::FailedUnit failed;
  failed.set_format_version(kFormatVersion);
  *failed.mutable_experiment() = experiment_;
  *failed.mutable_state() = state;
  *failed.mutable_unit() = unit;
  *failed.mutable_result() = result;
  absl::Status status;
  if (mkdir(folder_.c_str(), 0750) != 0 && errno != EEXIST) {
    status = absl::UnavailableError(
        absl::StrCat("can't create ", folder_, ": ", strerror(errno)));
  } else {
    status = WriteFileWithDigest(
        PathOf(folder_, unit.generation(), unit.index()),
        SerializeDeterministically(failed));
  }
  if (!status.ok()) {
    LOG_EVERY_N(WARNING, 100) << "a failed unit is not kept: " << status;
    return false;
  }
  Prune();
  return true;
}

void FailedUnits::Prune() const {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end;
       !error && entry != end; entry.increment(error)) {
    if (!absl::StartsWith(entry->path().filename().string(), "unit-")) continue;
    const auto written = entry->last_write_time(error);
    files.emplace_back(written, entry->path());
  }
  if (files.size() <= kNumKept) return;
  std::sort(files.begin(), files.end());
  files.resize(files.size() - kNumKept);
  for (const auto& [written, path] : files) fs::remove(path, error);
}

std::string FailedUnits::CommandFor(const v1::WorkUnit& unit) const {
  return absl::StrCat("starling replay ", Quoted(run_), " --generation ",
                      unit.generation(), " --unit ", unit.index());
}

absl::StatusOr<v1::FailedUnit> LoadUnit(const std::string& run,
                                        uint64_t generation, uint32_t index) {
  const RunPaths paths(run);
  const std::string path = PathOf(paths.failed, generation, index);
  if (FileExists(path)) return ReadFailedUnit(path);
  absl::StatusOr<CheckpointStore> store = CheckpointStore::Open(
      paths.checkpoints, CheckpointStore::Access::kReader);
  if (absl::IsNotFound(store.status())) {
    return absl::NotFoundError(
        absl::StrCat(run, " is no run directory: there is no folder ",
                     paths.checkpoints));
  }
  RETURN_IF_ERROR(store.status());
  absl::StatusOr<v1::Checkpoint> checkpoint = store->Load(generation);
  if (absl::IsNotFound(checkpoint.status())) {
    return absl::NotFoundError(absl::StrCat(
        "there is no ", path, " (failed units are kept there, the newest ",
        FailedUnits::kNumKept, "), and ", checkpoint.status().message()));
  }
  RETURN_IF_ERROR(checkpoint.status());
  return PlanUnit(*checkpoint, index);
}

}  // namespace starling
