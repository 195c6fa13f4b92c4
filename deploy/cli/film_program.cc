#include "deploy/cli/film_program.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace starling {

absl::StatusOr<std::string> FindFilmProgram() {
  std::error_code ignored;
  const std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  const std::filesystem::path places[] = {
      folder / "film", folder.parent_path() / "media" / "film"};
  for (const std::filesystem::path& place : places) {
    if (access(place.c_str(), X_OK) == 0) return place.string();
  }
  return absl::UnavailableError(absl::StrCat(
      "the program film is neither at ", places[0].string(), " nor at ",
      places[1].string(), "; bazel build //deploy/media:film"));
}

}  // namespace starling
