// starling bench soak: does anything grow while a run goes on?
#include <unistd.h>

#include <iostream>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "deploy/bench/soak.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

// This process's own program.
std::string OwnProgram() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  return size > 0 ? std::string(path, size) : "starling";
}

JsonObject ToJson(const ProcessTrend& trend) {
  JsonObject object;
  object.Set("rss_slope_mib_per_10_min", trend.rss_slope_mib_per_10_min)
      .Set("rss_mib", trend.rss_mib)
      .Set("files_min", trend.files_min)
      .Set("files_max", trend.files_max)
      .Set("threads_min", trend.threads_min)
      .Set("threads_max", trend.threads_max);
  return object;
}

class BenchSoak : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddNumber(app, "--minutes", &minutes_, 0.05, 100'000, "How long.");
    AddInteger(app, "--workers", &options_.workers, 2, 1000,
               "Worker processes; all but one are killed in turn.");
    AddInteger(app, "--slots", &options_.slots, 1, 1024, "Of each worker.");
    AddNumber(app, "--churn_s", &options_.churn_s, 0.1, 1e6,
              "Seconds between kills.");
    AddNumber(app, "--sample_s", &options_.sample_s, 0.1, 1e6,
              "Seconds between samples.");
    AddText(app, "--csv", &options_.csv, "FILE", "Where the samples go.");
    AddText(app, "--dir", &options_.folder, "FOLDER",
            "Where the run is kept meanwhile.");
    app.add_flag("--json", json_, "Prints one JSON object.");
  }

  absl::Status Run() override {
    options_.program = OwnProgram();
    options_.seconds = 60 * minutes_;
    ASSIGN_OR_RETURN(
        const SoakReport report, Soak(options_, [](const SoakSample& sample) {
          std::cerr << absl::StrFormat(
              "%6.0f s  %9d units  aggregator %.1f MiB, %d files, %d threads; "
              "worker %.1f MiB, %d files, %d threads\n",
              sample.time_s, sample.units, sample.aggregator.rss_mib,
              sample.aggregator.files, sample.aggregator.threads,
              sample.worker.rss_mib, sample.worker.files,
              sample.worker.threads);
        }));
    json_ ? PrintJson(report) : Print(report);
    return absl::OkStatus();
  }

 private:
  static void Print(const SoakReport& report) {
    std::cout << absl::StrFormat(
        "%.0f s: %d units (%.0f/s), %d workers killed, %d failed "
        "checkpoints\n"
        "after a quarter of the time  MiB per 10 min      MiB   files  "
        "threads\n",
        report.seconds, report.units, report.units / report.seconds,
        report.kills, report.failed_checkpoints);
    PrintTrend("aggregator", report.aggregator);
    PrintTrend("worker", report.worker);
  }

  static void PrintTrend(const char* name, const ProcessTrend& trend) {
    std::cout << absl::StrFormat(
        "%-27s %15.2f %8.1f %4d-%-3d %4d-%-3d\n", name,
        trend.rss_slope_mib_per_10_min, trend.rss_mib, trend.files_min,
        trend.files_max, trend.threads_min, trend.threads_max);
  }

  static void PrintJson(const SoakReport& report) {
    JsonObject object;
    object.Set("seconds", report.seconds)
        .Set("units", report.units)
        .Set("kills", report.kills)
        .Set("samples", report.samples)
        .Set("failed_checkpoints", report.failed_checkpoints)
        .Set("aggregator", ToJson(report.aggregator))
        .Set("worker", ToJson(report.worker));
    std::cout << object.text() << "\n";
  }

  SoakOptions options_;
  double minutes_ = 20;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    bench_soak, BenchSoak,
    {"bench soak",
     VerbGroup::kMachine,
     "Watches memory, files and threads while workers come and go.",
     {"starling bench soak --minutes 0.1 --sample_s 1 --churn_s 1",
      "starling bench soak --minutes 0.1 --workers 2 --sample_s 1 --csv "
      "samples.csv --json"}});

}  // namespace
}  // namespace starling
