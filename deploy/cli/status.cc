// starling status: how is this run?
#include "base/status.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>

#include "CLI/CLI.hpp"
#include "aggregator/progress_painter.h"
#include "aggregator/run_directory.h"
#include "deploy/cli/live_run.h"
#include "deploy/cli/verb.h"
#include "deploy/inspect/describe.h"
#include "deploy/inspect/live_status.h"

namespace starling {
namespace {

class StatusVerb : public Verb {
 public:
  void Declare(CLI::App& app) override {
    run_.Declare(app);
    app.add_flag("--json", json_, "Prints one JSON object.");
  }

  absl::Status Run() override {
    std::error_code error;
    if (!std::filesystem::exists(RunPaths(run_.path()).endpoint, error)) {
      return PrintAtRest();
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                     run_.Connect());
    ASSIGN_OR_RETURN(const v1::StatusReply status, client->GetStatus());
    ASSIGN_OR_RETURN(const v1::ListWorkersReply workers, client->ListWorkers());
    if (json_) {
      std::cout << ToJson(run_.path(), status, workers).text() << "\n";
    } else {
      std::cout << ToText(run_.path(), status, workers,
                          UseColor(stdout, std::getenv("NO_COLOR")));
    }
    return absl::OkStatus();
  }

 private:
  // Of a run that nobody computes: by its directory.
  absl::Status PrintAtRest() const {
    ASSIGN_OR_RETURN(const RunDescription run, DescribeRun(run_.path()));
    if (json_) {
      std::cout << AtRestJson(run).text() << "\n";
    } else {
      std::cout << ToText(run);
    }
    return absl::OkStatus();
  }

  // Those members of a live run's object that a directory knows.
  static JsonObject AtRestJson(const RunDescription& run) {
    const bool finished = run.state.has_value() && run.state->finished;
    JsonObject json;
    json.Set("run", run.path)
        .Set("name", run.experiment.name())
        .Set("state", run.holder.has_value() ? "starting"
                      : finished             ? "finished"
                                             : "stopped")
        .Set("live", run.holder.has_value())
        .Set("finished", finished)
        .Set("incarnation", run.incarnation)
        .Set("budget_generations",
             uint64_t{run.experiment.budget().generations()})
        .Set("budget_env_steps", uint64_t{run.experiment.budget().env_steps()});
    if (run.state.has_value()) {
      json.Set("generation", run.state->generation)
          .Set("checkpoint_generation", run.state->generation)
          .Set("env_steps", run.state->env_steps)
          .Set("elapsed_s", run.state->elapsed_s);
    }
    if (run.best.has_value()) json.Set("return_best", run.best->fixed_return);
    json.Set("warnings", run.warnings);
    return json;
  }

  LiveRun run_;
  bool json_ = false;
};

STARLING_REGISTER_VERB(status, StatusVerb,
                       {"status",
                        VerbGroup::kLive,
                        "Tells how a run is: who works, how far it is, what is "
                        "wrong.",
                        {"starling status runs/swimmer",
                         "starling status runs/swimmer --json"}});

}  // namespace
}  // namespace starling
