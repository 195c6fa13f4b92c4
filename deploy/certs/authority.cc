#include "deploy/certs/authority.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/certs/x509.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

constexpr int kPublicMode = 0644, kSecretMode = 0600;

struct NewFile {
  std::string name;
  std::string contents;
  int mode;
};

std::string RandomHex(int bytes) {
  std::string random(bytes, '\0');
  CHECK_EQ(RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), bytes),
           1)
      << "no random numbers";
  return absl::BytesToHexString(random);
}

absl::Status FromErrno(int error, const std::string& path) {
  const std::string message =
      absl::StrCat("cannot write ", path, ": ", std::strerror(error));
  switch (error) {
    case EEXIST:
    case ENOTEMPTY:
      return absl::AlreadyExistsError(absl::StrCat(
          path,
          " is there and not empty; nothing in it was changed: choose "
          "another folder, or move it away"));
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::PermissionDeniedError(message);
  }
}

absl::Status WriteNewFile(const std::string& path, const NewFile& file) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kSecretMode);
  if (fd < 0) return FromErrno(errno, path);
  const ssize_t size = static_cast<ssize_t>(file.contents.size());
  const bool written = write(fd, file.contents.data(), size) == size &&
                       fchmod(fd, file.mode) == 0 && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  return written ? absl::OkStatus() : FromErrno(error, path);
}

// Writes beside `folder`, then renames: it takes the place of nothing or of an
// empty folder.
absl::Status WriteNewFolder(std::string folder,
                            const std::vector<NewFile>& files) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  std::error_code error;
  fs::create_directories(fs::absolute(folder).parent_path(), error);
  if (error) return FromErrno(error.value(), folder);
  const std::string draft = absl::StrCat(folder, ".tmp.", getpid());
  if (mkdir(draft.c_str(), 0700) != 0) return FromErrno(errno, draft);
  absl::Status status;
  for (const NewFile& file : files) {
    status.Update(WriteNewFile(absl::StrCat(draft, "/", file.name), file));
  }
  if (status.ok() && std::rename(draft.c_str(), folder.c_str()) != 0) {
    status = FromErrno(errno, folder);
  }
  if (!status.ok()) fs::remove_all(draft, error);
  return status;
}

absl::StatusOr<std::string> ReadPart(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, 1 << 20);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        absl::StrCat(path,
                     " is not there; `starling certs init FOLDER` makes "
                     "an authority in FOLDER"));
  }
  return text;
}

}  // namespace

absl::Status CreateAuthority(const std::string& folder, absl::Time now) {
  const Validity validity = {now - absl::Hours(24),
                             now + absl::Hours(24) * (kMaxDays + 1)};
  // The number keeps apart the authorities of several clusters.
  ASSIGN_OR_RETURN(
      const Identity authority,
      MakeAuthority(absl::StrCat("starling cluster ", RandomHex(4)), validity));
  std::vector<NewFile> files = {{"ca.crt", authority.certificate, kPublicMode},
                                {"ca.key", authority.key, kSecretMode}};
  for (const Role role : kRoles) {
    files.push_back({TokenFile(role), RandomHex(32) + "\n", kSecretMode});
  }
  return WriteNewFolder(folder, files);
}

absl::Status CreateMember(const std::string& folder, const Member& member,
                          int days, const std::string& out, absl::Time now) {
  const bool is_server = !member.hosts.empty();
  const std::string key_path = folder + "/ca.key";
  Identity authority;
  ASSIGN_OR_RETURN(authority.certificate, ReadPart(folder + "/ca.crt"));
  ASSIGN_OR_RETURN(authority.key, ReadPart(key_path));
  struct stat info;
  if (stat(key_path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "%s is secret, but its mode %04o lets others use it; mend it with "
        "chmod 600 %s",
        key_path, info.st_mode & 07777, key_path));
  }

  LeafRequest request;
  request.is_server = is_server;
  request.validity = {now - absl::Hours(24), now + absl::Hours(24) * days};
  request.alternative_names = member.hosts;
  if (!is_server) {
    request.alternative_names.push_back(
        absl::StrCat("urn:starling:", RoleName(member.role)));
  }
  request.name = is_server ? member.hosts[0] : RoleName(member.role);
  absl::StatusOr<Identity> leaf = IssueLeaf(authority, request);
  if (!leaf.ok()) {
    return absl::Status(leaf.status().code(),
                        absl::StrCat(folder, ": ", leaf.status().message()));
  }

  std::vector<NewFile> files = {{"ca.crt", authority.certificate, kPublicMode},
                                {"member.crt", leaf->certificate, kPublicMode},
                                {"member.key", leaf->key, kSecretMode}};
  for (const Role role : kRoles) {
    if (!is_server && role != member.role) continue;
    const std::string name = TokenFile(role);
    ASSIGN_OR_RETURN(std::string token,
                     ReadPart(absl::StrCat(folder, "/", name)));
    files.push_back({name, std::move(token), kSecretMode});
  }
  return WriteNewFolder(out, files);
}

}  // namespace starling
