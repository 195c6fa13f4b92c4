// Worker processes on this machine, kept alive.
//
// Each is a child `PROGRAM worker --connect ADDRESS --slots 1 --name worker-I`:
// exactly what runs on a cluster. One that dies is started again (after 0.5 s,
// then up to 5 s), until all of them fail for good; all end with this process,
// even if it is killed.
#ifndef STARLING_DEPLOY_RUN_LOCAL_WORKERS_H_
#define STARLING_DEPLOY_RUN_LOCAL_WORKERS_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace starling {

struct LocalWorkersOptions {
  // Path of the program `starling`.
  std::string program;
  // Of the aggregator, as in `worker --connect`.
  std::string address;
  // >= 1.
  int count = 1;
  // Further words of their command line.
  std::vector<std::string> arguments = {};
  // Their standard error goes to FOLDER/worker-<i>.log.
  std::string log_folder;
  // How long they have to leave before they are killed.
  std::chrono::milliseconds grace{5000};
  // Before one that died is started again; doubled with each death in a row, up
  // to ten times as much.
  std::chrono::milliseconds pause{500};
};

// Thread-safe.
class LocalWorkers {
 public:
  // Unavailable: no process or file could be had.
  static absl::StatusOr<std::unique_ptr<LocalWorkers>> Start(
      LocalWorkersOptions options);
  // Asks all of them to leave, waits for the grace, kills what is left.
  ~LocalWorkers();

  // OK while there is hope. FailedPrecondition once all of them were refused by
  // the aggregator: they never can work here. Aborted once each has ended by
  // itself ten times in a row soon after its start (one that was killed has
  // not).
  absl::Status status() const;
  // Process ids of those that live now; for tests.
  std::vector<pid_t> pids() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Child {
    int index = 0;
    pid_t pid = -1;
    int pidfd = -1;
    bool refused = false;
    bool finished = false;
    int deaths_in_a_row = 0;
    int failures_in_a_row = 0;  // deaths but for kills
    Clock::time_point started{};
    // When to start it again, while pid < 0.
    Clock::time_point start_at{};
  };

  explicit LocalWorkers(LocalWorkersOptions options);
  void Supervise();
  void StartChild(Child& child);
  void NoteDeath(Child& child, int wait_status);
  void EndChildren();

  const LocalWorkersOptions options_;
  // Written to end the thread.
  int wake_fd_ = -1;
  mutable std::mutex mutex_;
  std::vector<Child> children_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_RUN_LOCAL_WORKERS_H_
