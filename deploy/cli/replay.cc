// `starling replay`: evaluates one unit of a run again, and says what comes of
// it.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/failed_units.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/cli/exit_code.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"
#include "workers/isolated_evaluator.h"
#include "workers/rollout_evaluator.h"

namespace starling {
namespace {

std::string Outcome(const v1::RolloutResult& result) {
  return absl::StrCat(v1::RolloutResult::Status_Name(result.status()),
                      result.detail().empty() ? "" : ": ", result.detail());
}

class Replay : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositional(app, "RUN", &run_, "A run directory; it may be live.");
    AddSeed(app, "--generation", &generation_,
            "whose unit: of a failed one, or of one that has a checkpoint")
        ->required();
    AddInteger(app, "--unit", &unit_, 0, 1 << 30, "its number")->required();
    AddChoice(app, "--isolate", &isolate_, {"on", "off"},
              "evaluates in a process of its own; off: for a debugger");
    AddNumber(app, "--step_timeout", &step_timeout_s_, 0.1, 86400,
              "seconds without an environment step after which it is stuck");
    app.add_flag("--json", json_, "Prints one JSON object.");
  }

  absl::Status Run() override {
    const absl::StatusOr<v1::FailedUnit> unit =
        LoadUnit(run_, generation_, static_cast<uint32_t>(unit_));
    if (!unit.ok()) return AsDataError(unit.status());
    // As in a worker.
    setenv("LP_NUM_THREADS", "0", /*overwrite=*/0);
    ASSIGN_OR_RETURN(const v1::RolloutResult result, Evaluate(*unit));
    if (json_) {
      PrintJson(result);
    } else {
      Print(*unit, result);
    }
    if (result.status() == v1::RolloutResult::OK) return absl::OkStatus();
    return absl::AbortedError(
        absl::StrCat("the unit has no return: ", Outcome(result)));
  }

 private:
  absl::StatusOr<v1::RolloutResult> Evaluate(
      const v1::FailedUnit& failed) const {
    IsolationOptions isolation;
    isolation.step_timeout =
        std::chrono::milliseconds(static_cast<int64_t>(step_timeout_s_ * 1000));
    const EvaluatorFactory make = isolate_ == "on"
                                      ? IsolatedEvaluators(std::move(isolation))
                                      : RolloutEvaluators();
    ASSIGN_OR_RETURN(const std::unique_ptr<UnitEvaluator> evaluator,
                     make(failed.experiment()));
    evaluator->SetState(std::make_shared<v1::PolicyState>(failed.state()));
    return evaluator->Evaluate(failed.unit());
  }

  static void Print(const v1::FailedUnit& failed,
                    const v1::RolloutResult& result) {
    const v1::WorkUnit& unit = failed.unit();
    std::cout << "unit " << unit.index() << " of generation "
              << unit.generation() << ": "
              << v1::WorkUnit::Kind_Name(unit.kind()) << ", direction "
              << unit.direction() << ", sign " << unit.sign() << ", seed "
              << unit.episode_seed() << "\n";
    if (failed.has_result()) {
      std::cout << "then: " << Outcome(failed.result()) << "\n";
    }
    std::cout << "now:  " << Outcome(result) << "\n";
    for (int e = 0; e < result.returns_size(); ++e) {
      std::cout << "episode " << e + 1 << ": return "
                << JsonNumber(result.returns(e)) << ", " << result.lengths(e)
                << " steps\n";
    }
  }

  static void PrintJson(const v1::RolloutResult& result) {
    JsonObject object;
    object.Set("generation", result.generation())
        .Set("unit", static_cast<uint64_t>(result.index()))
        .Set("status", v1::RolloutResult::Status_Name(result.status()))
        .Set("detail", result.detail())
        .Set("returns", std::vector<double>(result.returns().begin(),
                                            result.returns().end()))
        .Set("lengths", std::vector<double>(result.lengths().begin(),
                                            result.lengths().end()));
    std::cout << object.text() << "\n";
  }

  std::string run_;
  uint64_t generation_ = 0;
  int unit_ = 0;
  std::string isolate_ = "on";
  double step_timeout_s_ = 60;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    replay, Replay,
    {"replay",
     VerbGroup::kPolicy,
     "Evaluates one unit of a run again, such as one that failed.",
     {"starling replay runs/inverted_pendulum_ars-s1 --generation 0 --unit 3",
      "starling replay runs/inverted_pendulum_ars-s1 --generation 0 --unit 4 "
      "--json"}});

}  // namespace
}  // namespace starling
