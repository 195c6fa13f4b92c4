// The checkpoints of a run: files `ckpt-<generation>.strl` in one folder, each
// a serialised v1::Checkpoint and its SHA-256.
//
// A file is written under a temporary name, flushed and renamed, so a crash or
// a full disk leaves the older ones intact. Kept: the newest 3 and those of
// every 100th generation; what is no longer needed goes only after the newer
// one is durable. The best policy is inside every checkpoint.
//
// Not thread-safe. Saving 4 MiB costs about 25 ms.
#ifndef STARLING_AGGREGATOR_CHECKPOINT_H_
#define STARLING_AGGREGATOR_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/checkpoint.pb.h"

namespace starling {

// What LoadNewest had to pass over.
struct LoadReport {
  // The file that was loaded.
  std::string path;
  // A line for each damaged file: what is wrong and what it is called now.
  std::vector<std::string> damaged;
};

class CheckpointStore {
 public:
  // Of the Checkpoint message and its rules.
  static constexpr uint32_t kFormatVersion = 1;
  static constexpr int kNumNewestKept = 3;
  static constexpr int kKeptEvery = 100;

  // kOwner: the run's aggregator; may write, rename damaged files and remove
  // temporary ones that a crash has left. kReader: changes nothing, and may
  // look while the owner works.
  enum class Access { kOwner, kReader };

  // `folder` exists. NotFound or PermissionDenied if it can't be listed.
  static absl::StatusOr<CheckpointStore> Open(const std::string& folder,
                                              Access access);

  // Writes a checkpoint, then removes what is no longer kept. Its name comes
  // from state.generation; sets format_version. ResourceExhausted: the disk is
  // full; InvalidArgument: it would not pass Verify. Older ones are then
  // intact.
  absl::Status Save(v1::Checkpoint checkpoint);

  // Removes those of later generations.
  absl::Status DiscardAfter(uint64_t generation);

  // The newest valid one. Damaged ones are renamed `*.corrupt` (by the owner),
  // logged, reported, and the one before is taken. NotFound: there has never
  // been one; DataLoss: there are some, but none is valid; FailedPrecondition:
  // the newest was written by a newer version of Starling. `report` may be
  // null.
  absl::StatusOr<v1::Checkpoint> LoadNewest(LoadReport* report) const;
  // That of one generation. NotFound lists the generations that are there.
  absl::StatusOr<v1::Checkpoint> Load(uint64_t generation) const;
  // Generations that have a file, ascending.
  absl::StatusOr<std::vector<uint64_t>> Generations() const;

  std::string PathOf(uint64_t generation) const;

 private:
  CheckpointStore(std::string folder, Access access)
      : folder_(std::move(folder)), access_(access) {}
  absl::StatusOr<v1::Checkpoint> Read(uint64_t generation) const;
  absl::Status Prune() const;
  absl::Status Remove(uint64_t generation) const;

  std::string folder_;
  Access access_;
};

// Whether a checkpoint can be what it claims: a mean of length d >= 1, all
// numbers finite, sigma > 0, moments of the state's size or empty, a best
// policy of the same d. DataLoss names the field; FailedPrecondition names both
// format versions if it comes from a newer Starling.
absl::Status VerifyCheckpoint(const v1::Checkpoint& checkpoint);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_CHECKPOINT_H_
