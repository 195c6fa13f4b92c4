#include "deploy/cli/live_run.h"

#include "deploy/cli/flags.h"

namespace starling {

void LiveRun::Declare(CLI::App& app) {
  AddPositional(app, "RUN", &run_, "the run directory");
  AddNumber(app, "--timeout", &timeout_s_, 0.1, 3600,
            "seconds to wait for an answer");
  tls_.Declare(app);
}

}  // namespace starling
