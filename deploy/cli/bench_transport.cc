// starling bench transport: what does the aggregator add to gRPC?
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "deploy/bench/transport_bench.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

constexpr int kMaxWorkers = 4096;

absl::StatusOr<std::vector<int>> ParseCounts(const std::string& text) {
  std::vector<int> counts;
  for (const absl::string_view word : absl::StrSplit(text, ',')) {
    int count = 0;
    if (!absl::SimpleAtoi(word, &count) || count < 1 || count > kMaxWorkers) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--workers takes numbers in [1, %d], such as 16,200; got \"%s\"",
          kMaxWorkers, text));
    }
    counts.push_back(count);
  }
  return counts;
}

class BenchTransport : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddText(app, "--workers", &workers_, "N,..",
            "How many workers, one case each.");
    AddNumber(app, "--seconds", &options_.seconds, 0.1, 86'400,
              "How long to measure each case, preparations aside.");
    AddNumber(app, "--unit_ms", &unit_ms_, 0, 60'000, "Duration of a unit.");
    AddInteger(app, "--results_per_call", &options_.results_per_call, 1, 64,
               "Slots of a worker, which delivers so many at once.");
    AddInteger(app, "--parameters", &options_.parameters, 1, 100'000,
               "Of the policy.");
    AddInteger(app, "--directions", &options_.num_directions, 1, 65'536,
               "Antithetic pairs of a generation.");
    AddText(app, "--dir", &options_.folder, "FOLDER",
            "Where the run is kept meanwhile.");
    app.add_flag("--tls", options_.tls,
                 "Measures over mutual TLS, too, beside plain text.");
    app.add_flag("--json", json_, "Prints one JSON object a case.");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const std::vector<int> counts, ParseCounts(workers_));
    options_.unit_s = unit_ms_ / 1000;
    if (!json_) PrintHead(options_.tls);
    for (const int count : counts) {
      options_.workers = count;
      ASSIGN_OR_RETURN(const TransportRow row, MeasureTransport(options_));
      json_ ? PrintJson(row) : Print(row);
      if (row.lost > 0) {
        return absl::InternalError(
            absl::StrFormat("%d accepted results were lost", row.lost));
      }
    }
    return absl::OkStatus();
  }

 private:
  static void PrintHead(bool tls) {
    std::cout << "              results/s        Work, ms       echo, ms     "
                 " CPU, us a       RSS  lost     bytes a"
              << (tls ? "             over TLS\n" : "\n")
              << "workers  accepted   echo ratio    p50    p99    p50    p99 "
                 "result   call   MiB        unit result"
              << (tls ? "  results/s ratio   MiB\n" : "\n");
  }

  static void Print(const TransportRow& row) {
    std::cout << absl::StrFormat(
                     "%7d %9.0f %6.0f %5.2f %6.1f %6.1f %6.1f %6.1f %6.0f "
                     "%6.0f %5.0f %5d %5.0f %6.0f",
                     row.workers, row.accepted_per_s, row.echo_results_per_s,
                     row.ratio, 1e3 * row.work_p50_s, 1e3 * row.work_p99_s,
                     1e3 * row.echo_p50_s, 1e3 * row.echo_p99_s,
                     row.cpu_us_per_result, row.echo_cpu_us_per_call,
                     row.peak_rss_mib, row.lost, row.unit_bytes,
                     row.result_bytes)
              << (row.tls_ratio > 0
                      ? absl::StrFormat(
                            " %10.0f %5.2f %5.0f", row.tls_accepted_per_s,
                            row.tls_ratio, row.tls_peak_rss_mib)
                      : "")
              << std::endl;
  }

  static void PrintJson(const TransportRow& row) {
    JsonObject object;
    object.Set("workers", row.workers)
        .Set("results_per_call", row.results_per_call)
        .Set("parameters", row.parameters)
        .Set("units_per_generation", row.units_per_generation)
        .Set("accepted_per_s", row.accepted_per_s)
        .Set("echo_calls_per_s", row.echo_calls_per_s)
        .Set("echo_results_per_s", row.echo_results_per_s)
        .Set("ratio", row.ratio)
        .Set("tls_accepted_per_s", row.tls_accepted_per_s)
        .Set("tls_ratio", row.tls_ratio)
        .Set("tls_peak_rss_mib", row.tls_peak_rss_mib)
        .Set("work_p50_s", row.work_p50_s)
        .Set("work_p99_s", row.work_p99_s)
        .Set("echo_p50_s", row.echo_p50_s)
        .Set("echo_p99_s", row.echo_p99_s)
        .Set("cpu_us_per_result", row.cpu_us_per_result)
        .Set("echo_cpu_us_per_call", row.echo_cpu_us_per_call)
        .Set("peak_rss_mib", row.peak_rss_mib)
        .Set("accepted", row.accepted)
        .Set("settled", row.settled)
        .Set("lost", row.lost)
        .Set("rejected", row.rejected)
        .Set("failed_calls", row.failed_calls)
        .Set("unit_bytes", row.unit_bytes)
        .Set("result_bytes", row.result_bytes);
    std::cout << object.text() << std::endl;
  }

  TransportOptions options_;
  std::string workers_ = "16,200,1000";
  double unit_ms_ = 10;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    bench_transport, BenchTransport,
    {"bench transport",
     VerbGroup::kMachine,
     "Measures the aggregator under many workers, against bare gRPC.",
     {"starling bench transport --workers 4,16 --seconds 1",
      "starling bench transport --workers 16 --results_per_call 8 --seconds 1 "
      "--json"}});

}  // namespace
}  // namespace starling
