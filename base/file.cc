#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace starling {
namespace {

constexpr size_t kDigestBytes = 32;

absl::Status FromErrno(int error, absl::string_view what,
                       const std::string& path) {
  const std::string message =
      absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EISDIR:
      return absl::InvalidArgumentError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::InternalError(message);
  }
}

// Closes a descriptor, and removes a file that was not completed.
class OpenFile {
 public:
  OpenFile(int fd, std::string remove_path)
      : fd_(fd), remove_path_(std::move(remove_path)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
    if (!remove_path_.empty()) unlink(remove_path_.c_str());
  }
  int fd() const { return fd_; }
  // Some file systems report a full disk only here.
  int Close() {
    const int result = close(fd_);
    fd_ = -1;
    return result;
  }
  void Keep() { remove_path_.clear(); }

 private:
  int fd_;
  std::string remove_path_;
};

absl::Status WriteAll(int fd, absl::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FromErrno(errno, "write", path);
    }
    data.remove_prefix(written);
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

bool FileExists(const std::string& path) {
  struct stat information;
  return stat(path.c_str(), &information) == 0;
}

absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     uint64_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, "read", path);
  OpenFile file(fd, "");
  struct stat info;
  if (fstat(fd, &info) != 0) return FromErrno(errno, "read", path);
  if (S_ISDIR(info.st_mode)) return FromErrno(EISDIR, "read", path);

  // The size is a hint only: pipes have none.
  std::string data;
  data.resize(S_ISREG(info.st_mode) ? info.st_size + 1 : 65536);
  size_t size = 0;
  while (true) {
    const ssize_t got = read(fd, &data[size], data.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "read", path);
    if (got == 0) break;
    size += got;
    if (size > max_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is larger than ", max_bytes, " bytes"));
    }
    if (size == data.size()) data.resize(2 * size);
  }
  data.resize(size);
  return data;
}

absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view data) {
  const std::string temporary = absl::StrCat(path, ".tmp.", getpid());
  const int fd =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return FromErrno(errno, "write", path);
  OpenFile file(fd, temporary);
  RETURN_IF_ERROR(WriteAll(fd, data, path));
  if (fsync(fd) != 0) return FromErrno(errno, "write", path);
  if (file.Close() != 0) return FromErrno(errno, "write", path);
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return FromErrno(errno, "write", path);
  }
  file.Keep();

  // The new name itself lives in the folder.
  const int folder =
      open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return FromErrno(errno, "write", FolderOf(path));
  OpenFile open_folder(folder, "");
  // Some file systems know no fsync of a folder and answer EINVAL.
  if (fsync(folder) != 0 && errno != EINVAL) {
    return FromErrno(errno, "write", FolderOf(path));
  }
  return absl::OkStatus();
}

absl::Status WriteFileWithDigest(const std::string& path,
                                 absl::string_view data) {
  return WriteFileAtomically(path, absl::StrCat(data, Sha256(data)));
}

absl::StatusOr<std::string> ReadFileWithDigest(const std::string& path) {
  ASSIGN_OR_RETURN(std::string data, ReadFile(path));
  if (data.size() < kDigestBytes) {
    return absl::DataLossError(absl::StrCat(
        path, " is truncated: ", data.size(), " bytes are no whole file"));
  }
  const std::string digest = data.substr(data.size() - kDigestBytes);
  data.resize(data.size() - kDigestBytes);
  if (Sha256(data) != digest) {
    return absl::DataLossError(absl::StrCat(
        path, " is damaged or truncated: its SHA-256 does not match"));
  }
  return data;
}

std::string SerializeDeterministically(
    const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace starling
