// Evaluates units in a process of its own, so that an environment that crashes
// or hangs takes nothing with it.
//
// What becomes of a unit:
//
//   the process answers               its answer
//   dies of SIGSEGV, SIGBUS, SIGFPE,  CRASHED, with the signal, the seed and
//   SIGILL or SIGABRT                 the steps until then
//   no control step for step_timeout  STUCK; the process is killed
//   dies of anything else (SIGKILL,   no report: that says nothing about the
//   out of memory, exit)              unit, which is evaluated again
//
// In each case but the first the next unit gets a new process. A process that
// dies for no reason of the unit's again and again (`max_deaths` in a row, each
// within seconds of its start) makes the worker hopeless: `on_hopeless`.
//
// Time in which this process itself did not run (a stopped job, a sleeping
// laptop) does not count against step_timeout.
//
// Cost of a process: about 20 us a unit and 4 MiB; 20 ms to start, and what its
// environment takes (workers/README.md). One thread at a time, except for
// steps() and BreakOff(); that thread must outlive the object.
#ifndef STARLING_WORKERS_ISOLATED_EVALUATOR_H_
#define STARLING_WORKERS_ISOLATED_EVALUATOR_H_

#include <chrono>
#include <functional>
#include <string>

#include "workers/slot_pool.h"

namespace starling {

struct IsolationOptions {
  // Path of a program whose main calls RunEvaluatorProcess: this one.
  std::string program = "/proc/self/exe";
  std::chrono::milliseconds step_timeout{60'000};
  // How long a process may take to build its evaluator.
  std::chrono::milliseconds build_timeout{300'000};
  int max_deaths = 10;
  // Before the next process after a death; doubled with each in a row, up to
  // 2 s.
  std::chrono::milliseconds pause{50};
  // Called with the reason; the unit then stays without an answer until
  // BreakOff. None: this process ends with status 70, so that its supervisor
  // starts it anew and its leases return.
  std::function<void(const std::string&)> on_hopeless;
};

// Makes one for each slot. Errors of the factory: those of the evaluator's own,
// as they are; Internal: no process lives long enough to build it.
EvaluatorFactory IsolatedEvaluators(IsolationOptions options);

}  // namespace starling

#endif  // STARLING_WORKERS_ISOLATED_EVALUATOR_H_
