// `starling search`: a whole search for an architecture on this machine.
#include <iostream>

#include "aggregator/architecture_search.h"
#include "deploy/cli/run_flags.h"
#include "deploy/run/search_report.h"

namespace starling {
namespace {

class Search : public Verb {
 public:
  void Declare(CLI::App& app) override {
    flags_.Declare(app);
    workers_.Declare(app);
    app.add_flag("--retrain", retrain_,
                 "Then trains the chosen architecture from scratch with the "
                 "search's budget, in DIR/retrain: was it the architecture, or "
                 "the shared weights?");
  }

  absl::Status Run() override {
    RunOptions options;
    ASSIGN_OR_RETURN(options, flags_.ToOptions());
    if (!ArchitectureSearch::IsWanted(options.prepared.experiment)) {
      return absl::InvalidArgumentError(
          "the experiment has no controller, so nothing is searched; add one "
          "(controller { policy_gradient {} }), or use `starling train`");
    }
    ASSIGN_OR_RETURN(options.local_workers, workers_.Count());
    RETURN_IF_ERROR(RunAggregator(options));
    ASSIGN_OR_RETURN(const std::string report, ReportSearch(options.directory));
    std::cerr << report;
    if (retrain_) {
      RunOptions again = options;
      ASSIGN_OR_RETURN(again.prepared.experiment,
                       RetrainingOf(options.directory));
      again.directory = options.directory + "/retrain";
      RETURN_IF_ERROR(RunAggregator(again));
    }
    std::cout << options.directory << std::endl;
    return absl::OkStatus();
  }

 private:
  RunFlags flags_;
  WorkersFlag workers_;
  bool retrain_ = false;
};

STARLING_REGISTER_VERB(
    search, Search,
    {"search",
     VerbGroup::kTrain,
     "Trains a policy and searches its architecture with the same episodes, "
     "then fine-tunes what it has chosen. The same command resumes.",
     {"starling search deploy/experiments/pendulum_es_enas.textproto --run "
      "runs/pendulum_search --set budget.generations=5 --set "
      "search.fine_tune_generations=2",
      "starling search deploy/experiments/half_cheetah_es_enas.textproto --run "
      "runs/cheetah_search --set budget.generations=2 --set "
      "search.fine_tune_generations=1 --set search.candidates=1 --set "
      "search.candidate_episodes=1"}});

}  // namespace
}  // namespace starling
