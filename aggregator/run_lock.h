// `run.lock`: at most one aggregator uses a run directory.
//
// A lock of the open file description (like flock, and unlike flock it can be
// looked at without being taken). The kernel gives it back when its holder
// dies, however it dies. The file's text names the holder. Where the file
// system knows no locks, a warning is logged and the incarnation alone keeps
// two aggregators apart.
#ifndef STARLING_AGGREGATOR_RUN_LOCK_H_
#define STARLING_AGGREGATOR_RUN_LOCK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/run.pb.h"

namespace starling {

class RunLock {
 public:
  // Takes the lock and writes `holder` (without incarnation) into the file.
  // Unavailable, naming the holder, if somebody has it; PermissionDenied if the
  // file can't be written.
  static absl::StatusOr<std::unique_ptr<RunLock>> Acquire(
      const std::string& path, const v1::RunHolder& holder);
  // Who holds the lock now; nullopt if nobody does or there is no such file.
  // Does not disturb the holder nor one who is about to become it.
  static std::optional<v1::RunHolder> FindHolder(const std::string& path);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  // What the file remembered of its holders before; 0 if it is new.
  uint64_t last_incarnation() const { return last_incarnation_; }
  absl::Status SetIncarnation(uint64_t incarnation);

 private:
  RunLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  absl::Status Write() const;

  int fd_;
  std::string path_;
  v1::RunHolder holder_;
  uint64_t last_incarnation_ = 0;
};

// "process 123 on host a (incarnation 2)"
std::string DescribeHolder(const v1::RunHolder& holder);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_RUN_LOCK_H_
