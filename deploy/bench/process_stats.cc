#include "deploy/bench/process_stats.h"

#include <sys/resource.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace starling {
namespace {

int NumEntries(const std::string& folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  if (error) return 0;
  return static_cast<int>(std::distance(begin(entries), end(entries)));
}

}  // namespace

ProcessMemory MemoryOf(pid_t pid) {
  ProcessMemory memory;
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    // "VmRSS:     1234 kB"
    const auto mib = [&] { return std::stod(line.substr(6)) / 1024; };
    if (absl::StartsWith(line, "VmRSS:")) memory.rss_mib = mib();
    if (absl::StartsWith(line, "VmHWM:")) memory.peak_rss_mib = mib();
  }
  return memory;
}

double ProcessCpuSeconds(pid_t pid) {
  clockid_t clock;
  timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0) return 0;
  if (clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

int NumOpenFiles(pid_t pid) {
  return NumEntries(absl::StrCat("/proc/", pid, "/fd"));
}

int NumThreads(pid_t pid) {
  return NumEntries(absl::StrCat("/proc/", pid, "/task"));
}

absl::Status AllowOpenFiles(int n) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto wanted = static_cast<rlim_t>(n);
  if (limit.rlim_cur >= wanted) return absl::OkStatus();
  const rlim_t allowed = limit.rlim_max;
  limit.rlim_cur = wanted;
  if (allowed < wanted || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return absl::UnavailableError(absl::StrCat(
        n, " open files are needed, ", allowed,
        " are allowed; raise the limit (ulimit -n) or ask for less"));
  }
  return absl::OkStatus();
}

}  // namespace starling
