// A library for LD_PRELOAD: a disk that fails. While the file
// STARLING_DISK_FAILS is there, nothing can be written below the folder
// STARLING_DISK: the error is that whose number the file holds (5: EIO, 28:
// ENOSPC, 30: EROFS).
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

// 0 while the disk is well.
int Error() {
  const char* const path = getenv("STARLING_DISK_FAILS");
  FILE* const file = path == nullptr ? nullptr : fopen(path, "r");
  if (file == nullptr) return 0;
  int error = 0;
  if (fscanf(file, "%d", &error) != 1) error = 0;
  fclose(file);
  return error;
}

bool IsOnDisk(const char* path) {
  const char* const disk = getenv("STARLING_DISK");
  return disk != nullptr && strncmp(path, disk, strlen(disk)) == 0;
}

bool IsOnDisk(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return IsOnDisk(path);
}

// Whether a call on this file, or path, is to fail; sets errno.
template <typename File>
bool Fails(File file) {
  const int saved = errno;
  const bool is_on_disk = IsOnDisk(file);
  const int error = is_on_disk ? Error() : 0;
  errno = error != 0 ? error : saved;
  return error != 0;
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

constexpr int kWrites = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

}  // namespace

#define STARLING_EXPORT extern "C" __attribute__((visibility("default")))

STARLING_EXPORT ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = Real<decltype(write)>("write");
  return Fails(fd) ? -1 : real(fd, bytes, size);
}

STARLING_EXPORT ssize_t pwrite(int fd, const void* bytes, size_t size,
                               off_t at) {
  static const auto real = Real<decltype(pwrite)>("pwrite");
  return Fails(fd) ? -1 : real(fd, bytes, size, at);
}

STARLING_EXPORT ssize_t pwrite64(int fd, const void* bytes, size_t size,
                                 off64_t at) {
  static const auto real = Real<decltype(pwrite64)>("pwrite64");
  return Fails(fd) ? -1 : real(fd, bytes, size, at);
}

STARLING_EXPORT int fsync(int fd) {
  static const auto real = Real<decltype(fsync)>("fsync");
  return Fails(fd) ? -1 : real(fd);
}

STARLING_EXPORT int fdatasync(int fd) {
  static const auto real = Real<decltype(fdatasync)>("fdatasync");
  return Fails(fd) ? -1 : real(fd);
}

STARLING_EXPORT int rename(const char* from, const char* to) noexcept {
  static const auto real = Real<decltype(rename)>("rename");
  return Fails(to) ? -1 : real(from, to);
}

STARLING_EXPORT int open(const char* path, int flags, ...) {
  using Open = int(const char*, int, ...);
  static const auto real = Real<Open>("open");
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  if ((flags & kWrites) != 0 && Fails(path)) return -1;
  return real(path, flags, mode);
}

STARLING_EXPORT int open64(const char* path, int flags, ...) {
  using Open = int(const char*, int, ...);
  static const auto real = Real<Open>("open64");
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  if ((flags & kWrites) != 0 && Fails(path)) return -1;
  return real(path, flags, mode);
}
