// What a process uses, from outside. 0 everywhere for a process that is gone.
#ifndef STARLING_DEPLOY_BENCH_PROCESS_STATS_H_
#define STARLING_DEPLOY_BENCH_PROCESS_STATS_H_

#include <sys/types.h>

#include "absl/status/status.h"

namespace starling {

struct ProcessMemory {
  double rss_mib = 0;
  double peak_rss_mib = 0;
};
ProcessMemory MemoryOf(pid_t pid);

// Processor time of all its threads so far.
double ProcessCpuSeconds(pid_t pid);
int NumOpenFiles(pid_t pid);
int NumThreads(pid_t pid);

// Lets this process, and its children, open at least `n` files.
// Unavailable, with the remedy: the system's limit is lower.
absl::Status AllowOpenFiles(int n);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_PROCESS_STATS_H_
