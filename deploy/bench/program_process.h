// A child that runs another program, for as long as this object lives.
#ifndef STARLING_DEPLOY_BENCH_PROGRAM_PROCESS_H_
#define STARLING_DEPLOY_BENCH_PROGRAM_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace starling {

// Not thread-safe.
class ProgramProcess {
 public:
  // Its output is appended to the file `log`. It ends with this process.
  // Unavailable: the program can't be executed, or no process could be had.
  static absl::StatusOr<std::unique_ptr<ProgramProcess>> Start(
      const std::string& program, const std::vector<std::string>& arguments,
      const std::string& log);
  // Kills it.
  ~ProgramProcess();
  ProgramProcess(const ProgramProcess&) = delete;
  ProgramProcess& operator=(const ProgramProcess&) = delete;

  void Signal(int signal);
  // Its exit status (128 + n after signal n) once it has ended; waits `limit`
  // for that.
  std::optional<int> WaitFor(std::chrono::milliseconds limit);

  pid_t pid() const { return pid_; }

 private:
  ProgramProcess(pid_t pid, int pidfd) : pid_(pid), pidfd_(pidfd) {}

  const pid_t pid_;
  const int pidfd_;
  std::optional<int> status_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_PROGRAM_PROCESS_H_
