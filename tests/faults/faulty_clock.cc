// A library for LD_PRELOAD: the time of day is wrong by as many seconds as the
// file STARLING_CLOCK_OFFSET says (none while there is no such file). The
// steady clock stays right.
#include <dlfcn.h>
#include <sys/time.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

time_t Offset() {
  const char* const path = getenv("STARLING_CLOCK_OFFSET");
  if (path == nullptr) return 0;
  FILE* const file = fopen(path, "r");
  if (file == nullptr) return 0;
  long seconds = 0;
  if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
  fclose(file);
  return seconds;
}

}  // namespace

// Stand before those of the C library.
extern "C" __attribute__((visibility("default"))) int clock_gettime(
    clockid_t clock, timespec* now) noexcept {
  using Function = int (*)(clockid_t, timespec*);
  static const auto real =
      reinterpret_cast<Function>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    now->tv_sec += Offset();
  }
  return result;
}

extern "C" __attribute__((visibility("default"))) int gettimeofday(
    timeval* now, void* zone) noexcept {
  using Function = int (*)(timeval*, void*);
  static const auto real =
      reinterpret_cast<Function>(dlsym(RTLD_NEXT, "gettimeofday"));
  const int result = real(now, zone);
  now->tv_sec += Offset();
  return result;
}

extern "C" __attribute__((visibility("default"))) time_t time(
    time_t* now) noexcept {
  timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now != nullptr) *now = precise.tv_sec;
  return precise.tv_sec;
}
