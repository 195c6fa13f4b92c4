#include "aggregator/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/log.h"
#include "base/moments.h"
#include "base/status.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "ckpt-";
constexpr char kSuffix[] = ".strl";
constexpr int kMaxLooks = 10;

std::string NameOf(uint64_t generation) {
  return absl::StrFormat("%s%08u%s", kPrefix, generation, kSuffix);
}

// Whether `name` is that of a checkpoint, and of which generation.
bool ParseName(absl::string_view name, uint64_t* generation) {
  absl::string_view digits = name;
  return absl::ConsumePrefix(&digits, kPrefix) &&
         absl::ConsumeSuffix(&digits, kSuffix) &&
         absl::SimpleAtoi(digits, generation) && NameOf(*generation) == name;
}

bool IsDamagedName(absl::string_view name) {
  return absl::StartsWith(name, kPrefix) &&
         absl::StrContains(name, absl::StrCat(kSuffix, ".corrupt"));
}

// What WriteFileAtomically leaves if the process dies in it.
bool IsTemporaryName(absl::string_view name) {
  return absl::StrContains(name, kPrefix) && absl::StrContains(name, ".tmp");
}

absl::StatusOr<std::vector<std::string>> List(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator entry(folder, error);
  while (!error && entry != fs::directory_iterator()) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  if (!error) return names;
  const std::string message =
      absl::StrCat("can't list ", folder, ": ", error.message());
  if (error == std::errc::no_such_file_or_directory ||
      error == std::errc::not_a_directory) {
    return absl::NotFoundError(message);
  }
  if (error == std::errc::permission_denied) {
    return absl::PermissionDeniedError(message);
  }
  return absl::InternalError(message);
}

// Renames a damaged file; a line for the report.
std::string SetAside(const std::string& path, const absl::Status& reason) {
  std::string target = path + ".corrupt";
  std::error_code error;
  for (int i = 1; fs::exists(target, error); ++i) {
    target = absl::StrCat(path, ".corrupt.", i);
  }
  fs::rename(path, target, error);
  if (error) {
    return absl::StrCat(reason.message(), "; can't rename it to ", target, ": ",
                        error.message());
  }
  return absl::StrCat(reason.message(), "; kept as ", target);
}

absl::Status CheckFinite(const google::protobuf::RepeatedField<float>& numbers,
                         absl::string_view field) {
  for (int i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) {
      return absl::DataLossError(
          absl::StrCat(field, "[", i, "] is ", numbers[i]));
    }
  }
  return absl::OkStatus();
}

// Either nothing has been counted, or each coordinate of the state has been.
absl::Status CheckMoments(const v1::Moments& moments, int state_size,
                          absl::string_view field) {
  const absl::Status status = Moments::FromProto(moments, state_size).status();
  if (status.ok()) return status;
  return absl::DataLossError(absl::StrCat(field, ": ", status.message()));
}

absl::Status CheckBest(const v1::Checkpoint& checkpoint) {
  const v1::BestPolicy& best = checkpoint.best();
  const int d = checkpoint.state().distribution().mean_size();
  if (best.mean_size() != d) {
    return absl::DataLossError(absl::StrCat("best.mean has ", best.mean_size(),
                                            " numbers, the centre has ", d));
  }
  if (best.generation() > checkpoint.state().generation()) {
    return absl::DataLossError(absl::StrCat("best.generation is ",
                                            best.generation(),
                                            ", later than that of the "
                                            "checkpoint, ",
                                            checkpoint.state().generation()));
  }
  RETURN_IF_ERROR(CheckFinite(best.mean(), "best.mean"));
  return CheckMoments(best.moments(), checkpoint.env_spec().state_size(),
                      "best.moments");
}

}  // namespace

absl::Status VerifyCheckpoint(const v1::Checkpoint& checkpoint) {
  if (checkpoint.format_version() > CheckpointStore::kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("format version ", checkpoint.format_version(),
                     "; this version of Starling reads up to ",
                     CheckpointStore::kFormatVersion,
                     ". Use the Starling that wrote it, or a newer one."));
  }
  if (checkpoint.format_version() == 0) {
    return absl::DataLossError("format_version is missing");
  }
  const v1::SearchDistribution& distribution =
      checkpoint.state().distribution();
  if (distribution.mean().empty()) {
    return absl::DataLossError("state.distribution.mean is empty");
  }
  RETURN_IF_ERROR(CheckFinite(distribution.mean(), "state.distribution.mean"));
  if (!std::isfinite(distribution.sigma()) || distribution.sigma() <= 0) {
    return absl::DataLossError(absl::StrCat(
        "state.distribution.sigma is ", distribution.sigma(), ", must be > 0"));
  }
  RETURN_IF_ERROR(CheckMoments(checkpoint.state().moments(),
                               checkpoint.env_spec().state_size(),
                               "state.moments"));
  if (!std::isfinite(checkpoint.elapsed_s()) || checkpoint.elapsed_s() < 0) {
    return absl::DataLossError(
        absl::StrCat("elapsed_s is ", checkpoint.elapsed_s()));
  }
  return checkpoint.has_best() ? CheckBest(checkpoint) : absl::OkStatus();
}

absl::StatusOr<CheckpointStore> CheckpointStore::Open(const std::string& folder,
                                                      Access access) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, List(folder));
  if (access == Access::kOwner) {
    for (const std::string& name : names) {
      std::error_code error;
      if (IsTemporaryName(name)) fs::remove(fs::path(folder) / name, error);
    }
  }
  return CheckpointStore(folder, access);
}

std::string CheckpointStore::PathOf(uint64_t generation) const {
  return absl::StrCat(folder_, "/", NameOf(generation));
}

absl::StatusOr<std::vector<uint64_t>> CheckpointStore::Generations() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, List(folder_));
  std::vector<uint64_t> generations;
  for (const std::string& name : names) {
    uint64_t generation = 0;
    if (ParseName(name, &generation)) generations.push_back(generation);
  }
  std::sort(generations.begin(), generations.end());
  return generations;
}

absl::Status CheckpointStore::Save(v1::Checkpoint checkpoint) {
  CHECK(access_ == Access::kOwner);
  checkpoint.set_format_version(kFormatVersion);
  const std::string path = PathOf(checkpoint.state().generation());
  if (const absl::Status status = VerifyCheckpoint(checkpoint); !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not saved as ", path, ": ", status.message()));
  }
  RETURN_IF_ERROR(
      WriteFileWithDigest(path, SerializeDeterministically(checkpoint)));
  // The new one is safe; a file too many is no reason to fail.
  if (const absl::Status status = Prune(); !status.ok()) {
    LOG(WARNING) << "old checkpoints stay: " << status;
  }
  return absl::OkStatus();
}

absl::Status CheckpointStore::Prune() const {
  ASSIGN_OR_RETURN(const std::vector<uint64_t> generations, Generations());
  const int num_old = static_cast<int>(generations.size()) - kNumNewestKept;
  for (int i = 0; i < num_old; ++i) {
    if (generations[i] % kKeptEvery == 0) continue;
    RETURN_IF_ERROR(Remove(generations[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckpointStore::DiscardAfter(uint64_t generation) {
  ASSIGN_OR_RETURN(const std::vector<uint64_t> generations, Generations());
  for (const uint64_t candidate : generations) {
    if (candidate > generation) RETURN_IF_ERROR(Remove(candidate));
  }
  return absl::OkStatus();
}

absl::Status CheckpointStore::Remove(uint64_t generation) const {
  std::error_code error;
  fs::remove(PathOf(generation), error);
  if (!error) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("can't remove ", PathOf(generation),
                                          ": ", error.message()));
}

absl::StatusOr<v1::Checkpoint> CheckpointStore::Read(
    uint64_t generation) const {
  const std::string path = PathOf(generation);
  ASSIGN_OR_RETURN(const std::string bytes, ReadFileWithDigest(path));
  v1::Checkpoint checkpoint;
  if (!checkpoint.ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat(path, ": is no checkpoint"));
  }
  const absl::Status status = VerifyCheckpoint(checkpoint);
  if (!status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(path, ": ", status.message()));
  }
  if (checkpoint.state().generation() != generation) {
    return absl::DataLossError(absl::StrCat(path, ": holds generation ",
                                            checkpoint.state().generation()));
  }
  return checkpoint;
}

absl::StatusOr<v1::Checkpoint> CheckpointStore::LoadNewest(
    LoadReport* report) const {
  LoadReport unwanted;
  if (report == nullptr) report = &unwanted;
  *report = LoadReport();
  ASSIGN_OR_RETURN(std::vector<uint64_t> generations, Generations());
  int num_looks = 0;
  while (!generations.empty()) {
    const uint64_t generation = generations.back();
    generations.pop_back();
    absl::StatusOr<v1::Checkpoint> checkpoint = Read(generation);
    if (checkpoint.ok()) {
      report->path = PathOf(generation);
      return checkpoint;
    }
    if (absl::IsNotFound(checkpoint.status())) {
      // The owner has removed it since: then there is a newer one. (A link to
      // nowhere stays: the next older one, then.)
      if (++num_looks < kMaxLooks) {
        ASSIGN_OR_RETURN(generations, Generations());
      }
      continue;
    }
    if (!absl::IsDataLoss(checkpoint.status())) return checkpoint.status();
    report->damaged.push_back(
        access_ == Access::kOwner
            ? SetAside(PathOf(generation), checkpoint.status())
            : std::string(checkpoint.status().message()));
    LOG(WARNING) << "damaged checkpoint: " << report->damaged.back();
  }
  if (!report->damaged.empty()) {
    return absl::DataLossError(absl::StrCat(
        "no checkpoint in ", folder_,
        " is intact: ", absl::StrJoin(report->damaged, "; "),
        ". Restore one from a backup, or start over in another directory."));
  }
  // Damaged ones of an earlier start are no reason to start over either.
  ASSIGN_OR_RETURN(const std::vector<std::string> names, List(folder_));
  const auto damaged =
      std::find_if(names.begin(), names.end(),
                   [](const std::string& name) { return IsDamagedName(name); });
  if (damaged != names.end()) {
    return absl::DataLossError(absl::StrCat(
        "no checkpoint in ", folder_, " is intact: there is ", *damaged,
        ". Restore one from a backup, or start over in another directory."));
  }
  return absl::NotFoundError(
      absl::StrCat("there is no checkpoint in ", folder_, " yet"));
}

absl::StatusOr<v1::Checkpoint> CheckpointStore::Load(
    uint64_t generation) const {
  absl::StatusOr<v1::Checkpoint> checkpoint = Read(generation);
  if (!absl::IsNotFound(checkpoint.status())) return checkpoint;
  ASSIGN_OR_RETURN(const std::vector<uint64_t> generations, Generations());
  return absl::NotFoundError(absl::StrCat(
      "there is no checkpoint of generation ", generation, " in ", folder_,
      generations.empty() ? std::string(": there is none yet")
                          : absl::StrCat("; there are those of ",
                                         absl::StrJoin(generations, ", "))));
}

}  // namespace starling
