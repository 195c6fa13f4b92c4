// One life of an evaluator process (evaluator_process.h), as its parent sees
// it: started by fork and exec, never by fork alone, since other threads run
// here.
//
// The child has the parent's standard error and environment, and none of its
// other descriptors. The thread that starts a child must outlive it: the kernel
// counts that thread's end as the parent's death. Not thread-safe.
#ifndef STARLING_WORKERS_EVALUATOR_CHILD_H_
#define STARLING_WORKERS_EVALUATOR_CHILD_H_

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace starling {

// How a process ended.
class Death {
 public:
  // Of waitpid.
  explicit Death(int wait_status) : wait_status_(wait_status) {}

  // SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT: it died of what it did, not of
  // what was done to it.
  bool is_crash() const;
  // "SIGSEGV", "SIGKILL", "exit status 3".
  std::string Describe() const;

 private:
  int wait_status_;
};

class EvaluatorChild {
 public:
  // Starts `program`, a path. Unavailable, with the reason: no process,
  // descriptor or memory could be had.
  static absl::StatusOr<std::unique_ptr<EvaluatorChild>> Start(
      const std::string& program);
  // Kills it, if it lives.
  ~EvaluatorChild();
  EvaluatorChild(const EvaluatorChild&) = delete;
  EvaluatorChild& operator=(const EvaluatorChild&) = delete;

  // This end of the socket.
  int socket() const { return socket_; }
  // What the child has counted.
  uint64_t steps() const { return steps_->load(std::memory_order_relaxed); }
  std::chrono::steady_clock::time_point started() const { return started_; }

  // How it ended, after it has closed its socket; one that lingers for over 5 s
  // is killed. To be called once.
  Death Bury();

 private:
  EvaluatorChild(int socket, std::atomic<uint64_t>* steps);
  absl::Status Spawn(const std::string& program, int child_socket,
                     int steps_fd);

  const int socket_;
  std::atomic<uint64_t>* const steps_;
  const std::chrono::steady_clock::time_point started_;
  pid_t pid_ = -1;
};

}  // namespace starling

#endif  // STARLING_WORKERS_EVALUATOR_CHILD_H_
