#include "aggregator/run_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "google/protobuf/text_format.h"

namespace starling {
namespace {

// A holder's text is some 100 bytes.
constexpr size_t kMaxBytes = 4096;

struct flock WholeFile() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whatever can be read: the file is for people, and half of it is no error.
v1::RunHolder ReadHolder(int fd) {
  char buffer[kMaxBytes];
  const ssize_t size = pread(fd, buffer, sizeof(buffer), 0);
  v1::RunHolder holder;
  if (size <= 0) return holder;
  google::protobuf::TextFormat::Parser parser;
  parser.AllowPartialMessage(true);
  if (!parser.ParseFromString(std::string(buffer, size), &holder)) {
    holder.Clear();
  }
  return holder;
}

absl::Status CannotUse(const std::string& path, int error) {
  const std::string message =
      absl::StrCat("can't use ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    case EIO:
      return absl::InternalError(message);
    default:
      return absl::PermissionDeniedError(message);
  }
}

}  // namespace

std::string DescribeHolder(const v1::RunHolder& holder) {
  if (!holder.has_pid()) return "another process";
  std::string text =
      absl::StrCat("process ", holder.pid(), " on host ", holder.host());
  if (holder.incarnation() > 0) {
    absl::StrAppend(&text, " (incarnation ", holder.incarnation(), ")");
  }
  return text;
}

absl::StatusOr<std::unique_ptr<RunLock>> RunLock::Acquire(
    const std::string& path, const v1::RunHolder& holder) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return CannotUse(path, errno);
  std::unique_ptr<RunLock> lock(new RunLock(fd, path));
  struct flock whole = WholeFile();
  if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return absl::UnavailableError(absl::StrCat(
          path, " is held by ", DescribeHolder(ReadHolder(fd)),
          ": the run is being computed already. Wait for it or stop it, or "
          "give this run another directory with --run"));
    }
    if (errno != ENOLCK && errno != EOPNOTSUPP && errno != ENOSYS) {
      return CannotUse(path, errno);
    }
    LOG(WARNING) << "this file system knows no locks (" << std::strerror(errno)
                 << "): see to it yourself that only one aggregator uses "
                 << path;
  }
  lock->last_incarnation_ = ReadHolder(fd).incarnation();
  lock->holder_ = holder;
  // Kept until the new one is known, lest a crash in between forget it.
  lock->holder_.set_incarnation(lock->last_incarnation_);
  RETURN_IF_ERROR(lock->Write());
  return lock;
}

absl::Status RunLock::SetIncarnation(uint64_t incarnation) {
  holder_.set_incarnation(incarnation);
  return Write();
}

absl::Status RunLock::Write() const {
  std::string text;
  google::protobuf::TextFormat::PrintToString(holder_, &text);
  // In place, for the lock belongs to this very file. Shorter or longer text
  // never mixes with the old one: the rest is cut off afterwards.
  const ssize_t written = pwrite(fd_, text.data(), text.size(), 0);
  if (written != static_cast<ssize_t>(text.size())) {
    return CannotUse(path_, written < 0 ? errno : ENOSPC);
  }
  if (ftruncate(fd_, static_cast<off_t>(text.size())) != 0 || fsync(fd_) != 0) {
    return CannotUse(path_, errno);
  }
  return absl::OkStatus();
}

RunLock::~RunLock() { close(fd_); }

std::optional<v1::RunHolder> RunLock::FindHolder(const std::string& path) {
  // Asking for what a write lock would meet needs no right to write.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  struct flock whole = WholeFile();
  std::optional<v1::RunHolder> holder;
  if (fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK) {
    holder = ReadHolder(fd);
  }
  close(fd);
  return holder;
}

}  // namespace starling
