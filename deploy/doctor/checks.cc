#include "deploy/doctor/checks.h"

namespace starling {

std::vector<Check> AllChecks(const std::string& folder) {
  return {
      {"cpu", CheckCpuIsa},
      {"numbers", CheckNumbers},
      {"mujoco", CheckPhysics},
      {"graphics", CheckGraphics},
      {"film", CheckFilm},
      {"gnuplot", CheckGnuplot},
      {"disk", [folder] { return CheckDisk(folder, uint64_t{1} << 30); }},
      {"files", [] { return CheckOpenFiles(1024); }},
      {"port", CheckLoopbackPort},
      {"unix_socket", CheckUnixSocket},
  };
}

}  // namespace starling
