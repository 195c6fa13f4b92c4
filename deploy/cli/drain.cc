// starling drain: sends one worker away without loss.
#include <iostream>
#include <memory>
#include <string>

#include "base/status.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/live_run.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class Drain : public Verb {
 public:
  void Declare(CLI::App& app) override {
    run_.Declare(app);
    AddPositional(app, "WORKER", &worker_,
                  "its name, or the first digits of its id (4 at least)");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                     run_.Connect());
    ASSIGN_OR_RETURN(const v1::DrainWorkerReply reply,
                     client->DrainWorker(worker_));
    std::cout << "worker " << reply.name() << " (" << reply.id() << ") on "
              << reply.host() << " finishes what it has begun and leaves\n";
    return absl::OkStatus();
  }

 private:
  LiveRun run_;
  std::string worker_;
};

STARLING_REGISTER_VERB(
    drain, Drain,
    {"drain",
     VerbGroup::kLive,
     "Sends a worker away once it has finished what it has begun.",
     {"starling drain runs/swimmer node7",
      "starling drain runs/swimmer node8 --timeout 30"}});

}  // namespace
}  // namespace starling
