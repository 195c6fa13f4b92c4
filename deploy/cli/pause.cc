// starling pause: no new work for now.
#include <iostream>
#include <memory>

#include "CLI/CLI.hpp"
#include "base/status.h"
#include "deploy/cli/live_run.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class Pause : public Verb {
 public:
  void Declare(CLI::App& app) override { run_.Declare(app); }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                     run_.Connect());
    ASSIGN_OR_RETURN(const v1::PauseReply reply, client->Pause());
    std::cout << run_.path()
              << (reply.changed() ? " is paused" : " was paused already")
              << "; units that are under way are still finished: "
              << reply.units_outstanding() << "\n";
    return absl::OkStatus();
  }

 private:
  LiveRun run_;
};

STARLING_REGISTER_VERB(
    pause, Pause,
    {"pause",
     VerbGroup::kLive,
     "Gives out no more work until resume, or the aggregator's next start.",
     {"starling pause runs/swimmer",
      "starling pause runs/swimmer --timeout 30"}});

}  // namespace
}  // namespace starling
