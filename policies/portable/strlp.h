// Files of exported policies: `.strlp`, a serialised v1::ExportedPolicy and its
// SHA-256.
#ifndef STARLING_POLICIES_PORTABLE_STRLP_H_
#define STARLING_POLICIES_PORTABLE_STRLP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/model.pb.h"

namespace starling {

// Largest file that is read, in bytes.
inline constexpr int64_t kMaxStrlpBytes = int64_t{1} << 28;

// Atomically. The errors of WriteFileWithDigest.
absl::Status WriteStrlp(const std::string& path,
                        const v1::ExportedPolicy& model);

// NotFound, PermissionDenied: the file can't be read; DataLoss: damaged,
// truncated, too large, or no such file; FailedPrecondition: of a newer format.
// All name the path. What it holds passes PortablePolicy::Create.
absl::StatusOr<v1::ExportedPolicy> ReadStrlp(const std::string& path);

}  // namespace starling

#endif  // STARLING_POLICIES_PORTABLE_STRLP_H_
