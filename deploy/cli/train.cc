// `starling train`: a whole run on this machine.

#include "deploy/cli/run_flags.h"

namespace starling {
namespace {

class Train : public Verb {
 public:
  void Declare(CLI::App& app) override {
    flags_.Declare(app);
    AddText(app, "--workers", &workers_, "N|auto",
            "worker processes on this machine; auto: one a core");
  }

  absl::Status Run() override {
    RunOptions options;
    ASSIGN_OR_RETURN(options, flags_.ToOptions());
    if (workers_ == "auto") {
      options.local_workers =
          std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    } else if (!absl::SimpleAtoi(workers_, &options.local_workers) ||
               options.local_workers < 0 || options.local_workers > 1024) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--workers must be auto or a number in [0, 1024], got ", workers_));
    }
    RETURN_IF_ERROR(RunAggregator(options));
    std::cout << options.directory << std::endl;
    return absl::OkStatus();
  }

 private:
  RunFlags flags_;
  std::string workers_ = "auto";
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
