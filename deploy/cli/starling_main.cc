// The one front end. Everything it does is a verb, except for what workers
// start themselves: evaluator processes.
#include <iostream>
#include <string>

#include "base/cpu.h"
#include "deploy/cli/logging.h"
#include "deploy/cli/program.h"
#include "workers/evaluator_process.h"
#include "workers/rollout_evaluator.h"

int main(int argc, char** argv) {
  const absl::Status cpu = starling::CheckCpu();
  if (!cpu.ok()) {
    std::cerr << "starling: error: " << cpu.message() << std::endl;
    return 4;
  }
  if (argc > 1 && argv[1] == std::string(starling::kEvaluatorWord)) {
    starling::InitLogging(argv[0], /*verbose=*/false);
    return starling::RunEvaluatorProcess(argc, argv,
                                         starling::RolloutEvaluators);
  }
  return starling::RunProgram(argc, argv);
}
