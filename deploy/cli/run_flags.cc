#include "deploy/cli/run_flags.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_split.h"
#include "deploy/cli/logging.h"

namespace starling {
namespace {

// This process's own program and command line.
std::string OwnProgram() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  return size > 0 ? std::string(path, size) : "starling";
}

std::string OwnCommandLine() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words((std::istreambuf_iterator<char>(file)),
                    std::istreambuf_iterator<char>());
  std::replace(words.begin(), words.end(), '\0', ' ');
  return words;
}

}  // namespace

void RunFlags::Declare(CLI::App& app) {
  AddPositional(app, "EXPERIMENT", &experiment_,
                "the experiment, a .textproto file")
      ->required();
  AddText(app, "--run", &run_, "DIR",
          "run directory (default: runs/<name>-s<seed>)");
  AddRepeated(app, "--set", &overrides_, "PATH=VALUE",
              "changes a field of the experiment; repeatable");
  AddChoice(app, "--resume", &resume_, {"auto", "never", "must"},
            "what to do with a run that is there");
  AddText(app, "--allow_config_change", &allowed_changes_, "FIELD,..",
          "fields that may differ from the run's, such as budget.generations");
  AddChoice(app, "--progress", &progress_, {"auto", "bar", "plain", "none"},
            "how to show progress");
  AddNumber(app, "--grace", &grace_s_, 0, 3600,
            "seconds to wait for results at SIGTERM or Ctrl-C");
  app.add_flag("--no_rollback", no_rollback_,
               "Fails, instead of going back, if wrong answers of a worker "
               "were learned from.");
  AddText(app, "--http", &http_, "ADDR",
          "serves /metrics, /healthz and /readyz at HOST:PORT or unix:PATH");
}

absl::StatusOr<RunOptions> RunFlags::ToOptions() const {
  RunOptions options;
  ASSIGN_OR_RETURN(options.prepared, LoadExperiment(experiment_, overrides_));
  options.directory =
      run_.empty() ? DefaultRunPath(options.prepared.experiment) : run_;
  options.resume = resume_ == "never"  ? ResumeMode::kNever
                   : resume_ == "must" ? ResumeMode::kMust
                                       : ResumeMode::kAuto;
  options.allowed_changes =
      absl::StrSplit(allowed_changes_, ',', absl::SkipEmpty());
  ASSIGN_OR_RETURN(options.progress,
                   ParseProgressMode(progress_, isatty(STDERR_FILENO)));
  options.color = UseColor(stderr, getenv("NO_COLOR"));
  options.grace =
      std::chrono::milliseconds(static_cast<int64_t>(grace_s_ * 1000));
  options.http = http_;
  options.rollback = !no_rollback_;
  if (CurrentLogFormat() == LogFormat::kJson) {
    options.lines = [](absl::string_view line) { WriteLogLine("info", line); };
    options.worker_arguments = {"--log_format", "json"};
  }
  options.program = OwnProgram();
  options.command_line = OwnCommandLine();
  return options;
}

void WorkersFlag::Declare(CLI::App& app) {
  AddText(app, "--workers", &workers_, "N|auto",
          "worker processes on this machine; auto: one a core");
}

absl::StatusOr<int> WorkersFlag::Count() const {
  int count = 0;
  if (workers_ == "auto") {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  if (!absl::SimpleAtoi(workers_, &count) || count < 0 || count > 1024) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--workers must be auto or a number in [0, 1024], got ", workers_));
  }
  return count;
}

}  // namespace starling
