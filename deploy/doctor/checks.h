// Does this machine have what Starling needs? Each check looks at one thing,
// for real where it can: it renders, writes, binds. All together take about two
// seconds. Thread-safe, except that they should not run twice at once.
#ifndef STARLING_DEPLOY_DOCTOR_CHECKS_H_
#define STARLING_DEPLOY_DOCTOR_CHECKS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace starling {

struct CheckResult {
  bool ok = false;
  // What was found, one line.
  std::string detail;
  // How to mend it, one line; empty if ok.
  std::string fix;
};

struct Check {
  // "disk"; stable: scripts look for it.
  std::string name;
  std::function<CheckResult()> run;
};

// All checks, in the order in which they are shown. `folder` is where runs will
// be written.
std::vector<Check> AllChecks(const std::string& folder);

// The single checks, for tests.

// The instructions that every binary of Starling is compiled for.
CheckResult CheckCpuIsa();
// Random numbers against published vectors; normals and float kernels against
// the hash that every machine of the target must have.
CheckResult CheckNumbers();
// The physics engine is of the expected version, loads a model and steps it.
CheckResult CheckPhysics();
// Off-screen rendering works.
CheckResult CheckGraphics();
// A film can be written.
CheckResult CheckFilm();
// The program that draws curves is there.
CheckResult CheckGnuplot();
// `folder` is writable and has `min_free_bytes` left.
CheckResult CheckDisk(const std::string& folder, uint64_t min_free_bytes);
// This process may open `min_files` files.
CheckResult CheckOpenFiles(uint64_t min_files);
// A TCP port of the loopback device can be bound and called.
CheckResult CheckLoopbackPort();
// The TLS folder `folder` is good, and for how long.
CheckResult CheckTls(const std::string& folder);
// A Unix socket can be bound and called in a temporary folder.
CheckResult CheckUnixSocket();

}  // namespace starling

#endif  // STARLING_DEPLOY_DOCTOR_CHECKS_H_
