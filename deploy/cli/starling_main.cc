// The one front end. Everything it does is a verb.
#include <iostream>

#include "base/cpu.h"
#include "deploy/cli/program.h"

int main(int argc, char** argv) {
  const absl::Status cpu = starling::CheckCpu();
  if (!cpu.ok()) {
    std::cerr << "starling: error: " << cpu.message() << std::endl;
    return 4;
  }
  return starling::RunProgram(argc, argv);
}
