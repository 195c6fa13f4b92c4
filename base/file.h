// Files: whole reads, and writes that either happen or do not. Thread-safe.
#ifndef STARLING_BASE_FILE_H_
#define STARLING_BASE_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace starling {

// Whether the path can be reached; false also where a folder may not be searched.
bool FileExists(const std::string& path);

// NotFound, PermissionDenied or Internal, with the path and the reason;
// InvalidArgument if the file is larger than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     uint64_t max_bytes = uint64_t{1} << 32);

// Writes `data` to a temporary name in the same folder, fsync, rename, fsync of
// the folder: after a crash the path holds the old contents or the new ones.
// ResourceExhausted on a full disk; the old file then stays and no temporary
// one is left.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view data);

// `data` followed by its SHA-256: written atomically, checked when read
// (DataLoss if it is damaged, truncated or has no trailer).
absl::Status WriteFileWithDigest(const std::string& path,
                                 absl::string_view data);
absl::StatusOr<std::string> ReadFileWithDigest(const std::string& path);

// Bytes that depend on nothing but the message's contents.
std::string SerializeDeterministically(
    const google::protobuf::Message& message);

}  // namespace starling

#endif  // STARLING_BASE_FILE_H_
