#include "deploy/bench/soak.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/run_store.h"
#include "base/file.h"
#include "base/status.h"
#include "deploy/bench/process_stats.h"
#include "deploy/bench/program_process.h"
#include "deploy/bench/scratch_folder.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kStopped = 75;  // exit status after a signal
constexpr milliseconds kEndLimit(60'000);
constexpr double kWarmUpShare = 0.25;

// Units that cost nothing, in generations of seconds.
constexpr char kExperiment[] = R"(name: "soak"
env { sphere { dimension: 100 } }
policy { linear { bias: true } }
normalizer { enabled: false }
strategy { openai_es { num_directions: 2048 } }
budget { generations: 1000000000 }
evaluation { every: 0 }
)";

absl::Status CheckOptions(const SoakOptions& options) {
  if (options.workers < 2 || options.workers > 1000) {
    return absl::InvalidArgumentError(
        absl::StrCat("workers must be in [2, 1000], got ", options.workers,
                     ": one lives on, the others are killed in turn"));
  }
  for (const double seconds :
       {options.seconds, options.churn_s, options.sample_s}) {
    if (!(seconds > 0 && seconds <= 1e7)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "durations must be in (0, 1e7] seconds, got ", seconds));
    }
  }
  return absl::OkStatus();
}

ProcessSample SampleOf(pid_t pid) {
  return {.rss_mib = MemoryOf(pid).rss_mib,
          .files = NumOpenFiles(pid),
          .threads = NumThreads(pid)};
}

int CountLines(const std::string& path, const std::string& a,
               const std::string& b) {
  std::ifstream file(path);
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    count += line.find(a) != std::string::npos &&
             line.find(b) != std::string::npos;
  }
  return count;
}

class Soaking {
 public:
  Soaking(const SoakOptions& options, std::string folder)
      : options_(options),
        experiment_(folder + "/soak.textproto"),
        run_(folder + "/run"),
        aggregator_log_(folder + "/aggregator.log"),
        worker_log_(folder + "/worker.log"),
        workers_(options.workers) {}

  absl::StatusOr<SoakReport> Run(
      const std::function<void(const SoakSample&)>& on_sample) {
    RETURN_IF_ERROR(WriteFileAtomically(experiment_, kExperiment));
    if (!options_.csv.empty()) {
      csv_.open(options_.csv);
      csv_ << "time_s,units,aggregator_rss_mib,aggregator_files,"
              "aggregator_threads,worker_rss_mib,worker_files,"
              "worker_threads\n";
      if (!csv_.flush()) {
        return absl::UnavailableError(
            absl::StrCat("cannot write ", options_.csv));
      }
    }
    ASSIGN_OR_RETURN(
        aggregator_,
        ProgramProcess::Start(options_.program,
                              {"aggregator", experiment_, "--listen",
                               "127.0.0.1:0", "--run", run_, "--progress",
                               "none"},
                              aggregator_log_));
    for (int i = 0; i < options_.workers; ++i) {
      RETURN_IF_ERROR(StartWorker(i));
    }
    RETURN_IF_ERROR(Watch(on_sample));
    RETURN_IF_ERROR(End());
    report_.samples = static_cast<int>(samples_.size());
    const double warm_up_s = kWarmUpShare * options_.seconds;
    report_.aggregator = TrendOf(samples_, warm_up_s, &SoakSample::aggregator);
    report_.worker = TrendOf(samples_, warm_up_s, &SoakSample::worker);
    report_.failed_checkpoints =
        CountLines(aggregator_log_, "the checkpoint of", "can't be written");
    return report_;
  }

 private:
  absl::Status StartWorker(int i) {
    workers_[i].reset();
    ASSIGN_OR_RETURN(
        workers_[i],
        ProgramProcess::Start(options_.program,
                              {"worker", "--endpoint_file", run_ + "/endpoint",
                               "--wait", "60", "--slots",
                               absl::StrCat(options_.slots)},
                              worker_log_));
    return absl::OkStatus();
  }

  absl::Status Watch(const std::function<void(const SoakSample&)>& on_sample) {
    const auto began = Clock::now();
    const auto elapsed_s = [&] {
      return std::chrono::duration<double>(Clock::now() - began).count();
    };
    double next_kill_s = options_.churn_s, next_sample_s = options_.sample_s;
    int victim = 0;
    while (elapsed_s() < options_.seconds) {
      const double until_s =
          std::min({next_kill_s, next_sample_s, options_.seconds});
      // Up, or the next millisecond would find it a little too early.
      const auto pause = milliseconds(
          static_cast<int64_t>(std::ceil(1e3 * (until_s - elapsed_s()))));
      RETURN_IF_ERROR(
          StillThere(*aggregator_, pause, "the aggregator", aggregator_log_));
      RETURN_IF_ERROR(StillThere(*workers_[0], milliseconds(0),
                                 "the first worker", worker_log_));
      if (elapsed_s() >= next_kill_s) {
        next_kill_s += options_.churn_s;
        // Never the first.
        victim = 1 + victim % (options_.workers - 1);
        workers_[victim]->Signal(SIGKILL);
        RETURN_IF_ERROR(StartWorker(victim));
        ++report_.kills;
      }
      if (elapsed_s() >= next_sample_s) {
        next_sample_s += options_.sample_s;
        Sample(elapsed_s());
        on_sample(samples_.back());
      }
    }
    report_.seconds = elapsed_s();
    return absl::OkStatus();
  }

  static absl::Status StillThere(ProgramProcess& process, milliseconds pause,
                                 const char* name, const std::string& log) {
    const std::optional<int> ended = process.WaitFor(pause);
    if (!ended.has_value()) return absl::OkStatus();
    std::string said = ReadFile(log).value_or("");
    if (said.size() > 2000) said = said.substr(said.size() - 2000);
    return absl::InternalError(absl::StrCat(
        name, " ended by itself with status ", *ended, ":\n", said));
  }

  void Sample(double time_s) {
    SoakSample& sample = samples_.emplace_back();
    sample.time_s = time_s;
    sample.units = NumUnits();
    sample.aggregator = SampleOf(aggregator_->pid());
    sample.worker = SampleOf(workers_[0]->pid());
    if (!csv_.is_open()) return;
    csv_ << sample.time_s << ',' << sample.units;
    for (const ProcessSample& process : {sample.aggregator, sample.worker}) {
      csv_ << ',' << process.rss_mib << ',' << process.files << ','
           << process.threads;
    }
    csv_ << std::endl;
  }

  // As an onlooker finds them; 0 before the first generation is closed.
  uint64_t NumUnits() const {
    const auto store = RunStore::OpenReadOnly(run_ + "/run.db");
    if (!store.ok()) return 0;
    const auto rows = (*store)->ReadProgress();
    if (!rows.ok() || rows->empty()) return 0;
    return rows->back().progress.episodes;
  }

  absl::Status End() {
    aggregator_->Signal(SIGTERM);
    const std::optional<int> ended = aggregator_->WaitFor(kEndLimit);
    if (ended != kStopped) {
      return absl::InternalError(
          absl::StrCat("the aggregator should end with status ", kStopped,
                       " at SIGTERM, it ",
                       ended.has_value() ? absl::StrCat("ended with ", *ended)
                                         : std::string("goes on")));
    }
    report_.units = NumUnits();
    return absl::OkStatus();
  }

  const SoakOptions options_;
  const std::string experiment_, run_, aggregator_log_, worker_log_;
  std::unique_ptr<ProgramProcess> aggregator_;
  std::vector<std::unique_ptr<ProgramProcess>> workers_;
  std::vector<SoakSample> samples_;
  std::ofstream csv_;
  SoakReport report_;
};

}  // namespace

double LeastSquaresSlope(absl::Span<const double> x,
                         absl::Span<const double> y) {
  double mean_x = 0, mean_y = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / x.size();
    mean_y += y[i] / x.size();
  }
  double xx = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return xx > 0 ? xy / xx : std::numeric_limits<double>::quiet_NaN();
}

ProcessTrend TrendOf(absl::Span<const SoakSample> samples, double warm_up_s,
                     ProcessSample SoakSample::* process) {
  ProcessTrend trend;
  std::vector<double> times, rss_mib;
  for (const SoakSample& sample : samples) {
    if (sample.time_s < warm_up_s) continue;
    const ProcessSample& used = sample.*process;
    if (times.empty()) {
      trend.files_min = trend.files_max = used.files;
      trend.threads_min = trend.threads_max = used.threads;
    }
    times.push_back(sample.time_s / 600);
    rss_mib.push_back(used.rss_mib);
    trend.rss_mib = used.rss_mib;
    trend.files_min = std::min(trend.files_min, used.files);
    trend.files_max = std::max(trend.files_max, used.files);
    trend.threads_min = std::min(trend.threads_min, used.threads);
    trend.threads_max = std::max(trend.threads_max, used.threads);
  }
  trend.rss_slope_mib_per_10_min = LeastSquaresSlope(times, rss_mib);
  return trend;
}

absl::StatusOr<SoakReport> Soak(
    const SoakOptions& options,
    const std::function<void(const SoakSample&)>& on_sample) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(const ScratchFolder folder,
                   ScratchFolder::Create(options.folder));
  return Soaking(options, folder.path()).Run(on_sample);
}

}  // namespace starling
