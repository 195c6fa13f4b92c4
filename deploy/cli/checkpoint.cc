// starling checkpoint: saves a live run now.
#include <iostream>
#include <memory>

#include "CLI/CLI.hpp"
#include "base/status.h"
#include "deploy/cli/live_run.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class Checkpoint : public Verb {
 public:
  void Declare(CLI::App& app) override { run_.Declare(app); }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                     run_.Connect());
    ASSIGN_OR_RETURN(const v1::CheckpointReply reply, client->Checkpoint());
    std::cout << "generation " << reply.generation() << " of " << run_.path()
              << " is saved\n";
    return absl::OkStatus();
  }

 private:
  // A full or slow disk takes its time to say so.
  LiveRun run_{/*timeout_s=*/60};
};

STARLING_REGISTER_VERB(checkpoint, Checkpoint,
                       {"checkpoint",
                        VerbGroup::kLive,
                        "Saves a live run now, and says when it is on disk.",
                        {"starling checkpoint runs/swimmer",
                         "starling checkpoint runs/swimmer --timeout 120"}});

}  // namespace
}  // namespace starling
