// One run on this machine, from its directory to its last checkpoint: joins the
// run directory, the trainer, the coordinator, the gRPC service, local workers
// and the progress display.
#ifndef STARLING_DEPLOY_RUN_RUN_H_
#define STARLING_DEPLOY_RUN_RUN_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "aggregator/progress_painter.h"
#include "aggregator/run_directory.h"
#include "deploy/experiment/experiment.h"

namespace starling {

struct RunOptions {
  PreparedExperiment prepared;
  // The run directory.
  std::string directory;
  ResumeMode resume = ResumeMode::kAuto;
  // Fields that may differ from the run's (RunDirectory::Options).
  std::vector<std::string> allowed_changes;
  // Addresses ("unix:PATH", "HOST:PORT"). Empty: a socket in the directory.
  std::vector<std::string> listen;
  bool insecure_network = false;
  // For TCP addresses (base/tls_folder.h); empty: plain text.
  std::string tls_folder;
  // Worker processes on this machine, >= 0.
  int local_workers = 0;
  // Path of the program `starling`, for them.
  std::string program;
  ProgressMode progress = ProgressMode::kPlain;
  bool color = false;
  // At a signal: how long to wait for results that are under way.
  std::chrono::milliseconds grace{20'000};
  // For the run's record.
  std::string command_line;
};

// Runs to the end, or until a signal: the first SIGINT, SIGTERM or SIGUSR1
// saves and stops, a second SIGINT within 5 s does so without waiting for
// results. Progress goes to standard error.
//
// OK: finished; Cancelled: stopped by a signal after saving; Unavailable: can't
// start (directory in use, address taken); FailedPrecondition: the machine's
// workers were refused; InvalidArgument: the directory belongs to another
// experiment; DataLoss: no valid checkpoint; Aborted, Internal: training
// failed; and the errors of LoadTlsFolder, before anything is written.
absl::Status RunAggregator(const RunOptions& options);

}  // namespace starling

#endif  // STARLING_DEPLOY_RUN_RUN_H_
