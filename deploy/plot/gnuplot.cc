#include "deploy/plot/gnuplot.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/status.h"

extern char** environ;

namespace starling {
namespace {

// Bytes in memory that a process can read and write as a file: no pipe that
// could fill up while the other side waits, and nothing to clean up.
class MemoryFile {
 public:
  static absl::StatusOr<MemoryFile> Create(absl::string_view content) {
    const int fd = memfd_create("starling-plot", MFD_CLOEXEC);
    if (fd < 0) {
      return absl::InternalError(
          absl::StrCat("memfd_create: ", std::strerror(errno)));
    }
    MemoryFile file(fd);
    while (!content.empty()) {
      const ssize_t size = write(fd, content.data(), content.size());
      if (size < 0) {
        return absl::InternalError(
            absl::StrCat("write to memory: ", std::strerror(errno)));
      }
      content.remove_prefix(size);
    }
    lseek(fd, 0, SEEK_SET);
    return file;
  }
  MemoryFile(MemoryFile&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  ~MemoryFile() {
    if (fd_ >= 0) close(fd_);
  }

  int fd() const { return fd_; }
  std::string Content() const {
    std::string content;
    char buffer[65536];
    ssize_t size;
    while ((size = pread(fd_, buffer, sizeof(buffer),
                         static_cast<off_t>(content.size()))) > 0) {
      content.append(buffer, size);
    }
    return content;
  }

 private:
  explicit MemoryFile(int fd) : fd_(fd) {}
  int fd_;
};

// Bytes of the UTF-8 character that `text` begins with; 0 if there is none.
int CharacterLength(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const int length = first < 0x80                    ? 1
                     : first >= 0xc2 && first < 0xe0 ? 2
                     : first >= 0xe0 && first < 0xf0 ? 3
                     : first >= 0xf0 && first < 0xf5 ? 4
                                                     : 0;
  if (length > static_cast<int>(text.size())) return 0;
  for (int i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

absl::StatusOr<PictureFormat> PictureFormatOf(absl::string_view path) {
  const std::string lower = absl::AsciiStrToLower(path);
  if (absl::EndsWith(lower, ".png")) return PictureFormat::kPng;
  if (absl::EndsWith(lower, ".svg")) return PictureFormat::kSvg;
  return absl::InvalidArgumentError(
      absl::StrCat("--out: \"", path, "\" must end in .png or .svg"));
}

std::string TerminalLine(PictureFormat format, int width, int height) {
  return format == PictureFormat::kPng
             ? absl::StrFormat(
                   "set terminal pngcairo noenhanced size %d,%d "
                   "font 'DejaVu Sans,13' background rgb 'white'\n",
                   width, height)
             : absl::StrFormat(
                   "set terminal svg noenhanced size %d,%d dynamic "
                   "font 'DejaVu Sans,Helvetica,sans-serif,15' "
                   "background rgb 'white'\n",
                   width, height);
}

std::string QuoteForGnuplot(absl::string_view text) {
  // In single quotes gnuplot knows one special character: the quote itself. Its
  // doubled form ends the text where it is the first.
  std::string quoted = "'";
  if (absl::ConsumePrefix(&text, "'")) quoted = "\"'\".'";
  while (!text.empty()) {
    const int length = CharacterLength(text);
    if (length == 0) {
      quoted += '?';
      text.remove_prefix(1);
      continue;
    }
    const auto c = static_cast<unsigned char>(text[0]);
    if (c < 0x20 || c == 0x7f) {
      quoted += ' ';
    } else if (c == '\'') {
      quoted += "''";
    } else {
      quoted.append(text.data(), length);
    }
    text.remove_prefix(length);
  }
  return quoted + "'";
}

absl::StatusOr<std::string> RunGnuplot(absl::string_view script) {
  ASSIGN_OR_RETURN(const MemoryFile input, MemoryFile::Create(script));
  ASSIGN_OR_RETURN(const MemoryFile output, MemoryFile::Create(""));
  ASSIGN_OR_RETURN(const MemoryFile errors, MemoryFile::Create(""));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.fd(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.fd(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.fd(), STDERR_FILENO);
  // -d: the user's own start-up file could change the picture.
  const char* arguments[] = {"gnuplot", "-d", "-", nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[0], &actions, nullptr,
                                 const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) {
    return absl::UnavailableError(
        "gnuplot, which draws the plots, is not installed: install the "
        "package gnuplot-nox (apt-get install gnuplot-nox)");
  }
  if (error != 0) {
    return absl::InternalError(
        absl::StrCat("can't start gnuplot: ", std::strerror(error)));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::string picture = output.Content();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !picture.empty()) {
    return picture;
  }
  return absl::InternalError(absl::StrCat(
      "gnuplot failed: ", absl::StripAsciiWhitespace(errors.Content())));
}

}  // namespace starling
