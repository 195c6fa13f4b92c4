// A new folder that goes when the object does.
#ifndef STARLING_DEPLOY_BENCH_SCRATCH_FOLDER_H_
#define STARLING_DEPLOY_BENCH_SCRATCH_FOLDER_H_

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace starling {

class ScratchFolder {
 public:
  // Below `parent`. NotFound: it can't be made there.
  static absl::StatusOr<ScratchFolder> Create(const std::string& parent) {
    std::string path = absl::StrCat(parent, "/starling-bench-XXXXXX");
    if (mkdtemp(path.data()) == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("no folder can be made in ", parent, ": ",
                       strerror(errno), "; choose another with --dir"));
    }
    return ScratchFolder(std::move(path));
  }
  ScratchFolder(ScratchFolder&& other) : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_SCRATCH_FOLDER_H_
