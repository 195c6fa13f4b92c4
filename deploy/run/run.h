// One run on this machine, from its directory to its last checkpoint: joins the
// run directory, the trainer, the coordinator, the gRPC service, local workers
// and the progress display.
#ifndef STARLING_DEPLOY_RUN_RUN_H_
#define STARLING_DEPLOY_RUN_RUN_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
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
  // Whether a run that has learned from wrong answers (Coordinator) goes back
  // to before them by itself, or fails.
  bool rollback = true;
  // For TCP addresses (base/tls_folder.h); empty: plain text.
  std::string tls_folder;
  // Where /metrics, /healthz and /readyz are served ("HOST:PORT", "unix:PATH").
  // Empty: nowhere.
  std::string http;
  // Worker processes on this machine, >= 0.
  int local_workers = 0;
  // Path of the program `starling`, for them, and further words of their
  // command line.
  std::string program;
  std::vector<std::string> worker_arguments;
  ProgressMode progress = ProgressMode::kPlain;
  bool color = false;
  // Takes the lines of progress and what else people are told, instead of
  // standard error. Any thread.
  std::function<void(absl::string_view line)> lines;
  // At a signal: how long to wait for results that are under way.
  std::chrono::milliseconds grace{20'000};
  // For the run's record.
  std::string command_line;
};

// Runs to the end, or until a signal: the first SIGINT, SIGTERM or SIGUSR1
// saves and stops, a second SIGINT within 5 s does so without waiting for
// results, all others are ignored. Progress goes to standard error.
//
// OK: finished; Cancelled: stopped by a signal or an operator after saving;
// Unavailable: can't start (directory in use, address taken);
// FailedPrecondition: the machine's workers were refused; InvalidArgument: the
// directory belongs to another experiment; DataLoss: no valid checkpoint;
// Aborted, Internal: training failed, or without `rollback`: it has learned
// from wrong answers, now or in an earlier start; and the errors of
// LoadTlsFolder, before anything is written.
absl::Status RunAggregator(const RunOptions& options);

}  // namespace starling

#endif  // STARLING_DEPLOY_RUN_RUN_H_
