#include "deploy/robot/recording.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace starling {
namespace {

constexpr size_t kBufferSize = size_t{1} << 20;

}  // namespace

absl::StatusOr<Recording> Recording::Create(const std::string& path,
                                            int state_size, int action_size) {
  std::FILE* const file = std::fopen(path.c_str(), "wxe");
  if (file == nullptr) {
    const std::string message =
        absl::StrCat("--log ", path, ": can't be made: ", std::strerror(errno));
    return errno == EEXIST ? absl::AlreadyExistsError(message)
                           : absl::PermissionDeniedError(message);
  }
  Recording recording(path, file);
  std::fputs("time_s,reset", file);
  for (int i = 0; i < state_size; ++i) std::fprintf(file, ",obs_%d", i);
  for (int i = 0; i < action_size; ++i) std::fprintf(file, ",action_%d", i);
  std::fputs(",source\n", file);
  return recording;
}

Recording::Recording(std::string path, std::FILE* file)
    : path_(std::move(path)),
      buffer_(std::make_unique<char[]>(kBufferSize)),
      file_(file) {
  std::setvbuf(file, buffer_.get(), _IOFBF, kBufferSize);
}

void Recording::Add(double time_s, bool is_reset, ConstVectorRef observation,
                    ConstVectorRef action, const char* source) {
  std::FILE* const file = file_.get();
  std::fprintf(file, "%.6f,%d", time_s, is_reset ? 1 : 0);
  for (const float x : observation) std::fprintf(file, ",%.9g", double{x});
  for (const float x : action) std::fprintf(file, ",%.9g", double{x});
  std::fprintf(file, ",%s\n", source);
}

absl::Status Recording::Close() {
  const bool was_well = std::ferror(file_.get()) == 0;
  if (std::fclose(file_.release()) == 0 && was_well) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "--log ", path_, ": not all could be written: ", std::strerror(errno)));
}

}  // namespace starling
