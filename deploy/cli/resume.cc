// starling resume: goes on after a pause.
#include <iostream>
#include <memory>

#include "CLI/CLI.hpp"
#include "base/status.h"
#include "deploy/cli/live_run.h"
#include "deploy/cli/verb.h"

namespace starling {
namespace {

class Resume : public Verb {
 public:
  void Declare(CLI::App& app) override { run_.Declare(app); }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                     run_.Connect());
    ASSIGN_OR_RETURN(const v1::ResumeReply reply, client->Resume());
    std::cout << run_.path()
              << (reply.changed() ? " goes on\n" : " was not paused\n");
    return absl::OkStatus();
  }

 private:
  LiveRun run_;
};

STARLING_REGISTER_VERB(resume, Resume,
                       {"resume",
                        VerbGroup::kLive,
                        "Goes on with a live run that was paused.",
                        {"starling resume runs/swimmer",
                         "starling resume runs/swimmer --timeout 30"}});

}  // namespace
}  // namespace starling
