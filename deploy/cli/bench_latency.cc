// starling bench latency: what an Act takes on this machine.
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/status.h"
#include "deploy/bench/latency_bench.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"
#include "google/protobuf/text_format.h"

namespace starling {
namespace {

class BenchLatency : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddNumber(app, "--seconds", &seconds_, 0.1, 3600, "How long to measure.");
    AddText(app, "--out", &out_, "FILE",
            "Writes the table: what an experiment's objectives.latency holds.");
    app.add_flag("--json", json_, "Prints one JSON object a size.");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const LatencyBench bench, MeasureLatency(seconds_));
    if (!json_) std::cout << "multiply-adds  units  measured, ns  table, ns\n";
    for (const LatencyRow& row : bench.rows) {
      json_ ? PrintJson(row) : Print(row);
    }
    std::string text;
    google::protobuf::TextFormat::PrintToString(bench.table, &text);
    if (out_.empty()) {
      std::cerr << text;
      return absl::OkStatus();
    }
    return WriteFileAtomically(
        out_, absl::StrCat("# Time of an Act, measured once by `starling bench "
                           "latency`: for objectives { latency {} }.\n",
                           text));
  }

 private:
  static void Print(const LatencyRow& row) {
    std::cout << absl::StrFormat("%13d %6d %13.1f %10.1f", row.multiply_adds,
                                 row.units, row.measured_ns, row.fitted_ns)
              << std::endl;
  }
  static void PrintJson(const LatencyRow& row) {
    JsonObject object;
    object.Set("multiply_adds", row.multiply_adds)
        .Set("units", row.units)
        .Set("measured_ns", row.measured_ns)
        .Set("table_ns", row.fitted_ns);
    std::cout << object.text() << std::endl;
  }

  double seconds_ = 5;
  std::string out_;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    bench_latency, BenchLatency,
    {"bench latency",
     VerbGroup::kMachine,
     "Measures the time of an Act by the policy's size, for searches that must "
     "be fast on a machine like this one.",
     {"starling bench latency --seconds 1 --out latency.textproto",
      "starling bench latency --seconds 1 --json"}});

}  // namespace
}  // namespace starling
