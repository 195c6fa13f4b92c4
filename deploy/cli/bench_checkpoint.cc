// starling bench checkpoint: how long does saving take on this disk?
#include <algorithm>
#include <iostream>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "deploy/bench/checkpoint_bench.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class BenchCheckpoint : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddText(app, "--dir", &folder_, "FOLDER",
            "On the disk to measure (default: here).");
    AddInteger(app, "--max_parameters", &max_parameters_, 1000, 50'000'000,
               "The largest of 1,000, 10,000, .. that is tried.");
    AddInteger(app, "--repetitions", &repetitions_, 1, 1000,
               "Saves and loads of each size.");
    app.add_flag("--json", json_, "Prints one JSON object a size.");
  }

  absl::Status Run() override {
    if (!json_) {
      std::cout << "parameters      MiB  save, ms  worst  load, ms\n";
    }
    for (int64_t size = 1000; size <= max_parameters_; size *= 10) {
      ASSIGN_OR_RETURN(const CheckpointRow row,
                       MeasureCheckpoint(static_cast<int>(size), repetitions_,
                                         folder_));
      json_ ? PrintJson(row) : Print(row);
    }
    return absl::OkStatus();
  }

 private:
  static void Print(const CheckpointRow& row) {
    std::cout << absl::StrFormat("%10d %8.2f %9.1f %6.1f %9.1f", row.parameters,
                                 row.mib, 1e3 * row.save_s,
                                 1e3 * row.save_worst_s, 1e3 * row.load_s)
              << std::endl;
  }

  static void PrintJson(const CheckpointRow& row) {
    JsonObject object;
    object.Set("parameters", row.parameters)
        .Set("mib", row.mib)
        .Set("save_s", row.save_s)
        .Set("save_worst_s", row.save_worst_s)
        .Set("load_s", row.load_s)
        .Set("repetitions", row.repetitions);
    std::cout << object.text() << std::endl;
  }

  std::string folder_ = ".";
  int max_parameters_ = 10'000'000;
  int repetitions_ = 5;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    bench_checkpoint, BenchCheckpoint,
    {"bench checkpoint",
     VerbGroup::kMachine,
     "Measures saving and loading of checkpoints, by size.",
     {"starling bench checkpoint --max_parameters 100000",
      "starling bench checkpoint --dir /tmp --max_parameters 10000 --json"}});

}  // namespace
}  // namespace starling
