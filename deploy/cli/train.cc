// `starling train`: a whole run on this machine.
#include "aggregator/architecture_search.h"
#include "deploy/cli/run_flags.h"

namespace starling {
namespace {

class Train : public Verb {
 public:
  void Declare(CLI::App& app) override {
    flags_.Declare(app);
    workers_.Declare(app);
  }

  absl::Status Run() override {
    RunOptions options;
    ASSIGN_OR_RETURN(options, flags_.ToOptions());
    if (ArchitectureSearch::IsWanted(options.prepared.experiment)) {
      return absl::InvalidArgumentError(
          "the experiment has a controller: it is a search, for `starling "
          "search`");
    }
    ASSIGN_OR_RETURN(options.local_workers, workers_.Count());
    RETURN_IF_ERROR(RunAggregator(options));
    std::cout << options.directory << std::endl;
    return absl::OkStatus();
  }

 private:
  RunFlags flags_;
  WorkersFlag workers_;
};

STARLING_REGISTER_VERB(
    train, Train,
    {"train",
     VerbGroup::kTrain,
     "Trains a policy on this machine. The same command resumes.",
     {"starling train deploy/experiments/half_cheetah_ars.textproto --run "
      "runs/short --set budget.generations=8",
      "starling train deploy/experiments/pendulum_openai_es.textproto --run "
      "runs/pendulum --workers 2 --set budget.generations=5"}});

}  // namespace
}  // namespace starling
