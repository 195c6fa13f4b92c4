#include "policies/portable/strlp.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "policies/portable/portable_policy.h"

namespace starling {

absl::Status WriteStrlp(const std::string& path,
                        const v1::ExportedPolicy& model) {
  return WriteFileWithDigest(path, SerializeDeterministically(model));
}

absl::StatusOr<v1::ExportedPolicy> ReadStrlp(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > static_cast<uint64_t>(kMaxStrlpBytes)) {
    return absl::DataLossError(absl::StrCat(
        path, ": ", size, " bytes; an exported policy has at most ",
        kMaxStrlpBytes));
  }
  ASSIGN_OR_RETURN(const std::string bytes, ReadFileWithDigest(path));
  v1::ExportedPolicy model;
  if (!model.ParseFromString(bytes)) {
    return absl::DataLossError(
        absl::StrCat(path, ": this is no exported policy"));
  }
  const absl::Status status = PortablePolicy::Create(model).status();
  if (status.ok()) return model;
  return absl::Status(absl::IsFailedPrecondition(status)
                          ? status.code()
                          : absl::StatusCode::kDataLoss,
                      absl::StrCat(path, ": ", status.message()));
}

}  // namespace starling
