// An evaluator for tests of what becomes of a slot whose evaluator crashes,
// hangs, is killed or talks nonsense: it really does.
#ifndef STARLING_WORKERS_FAULTY_EVALUATOR_H_
#define STARLING_WORKERS_FAULTY_EVALUATOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "workers/slot_pool.h"

namespace starling {

// What an evaluator does with a unit, as its `direction` tells.
enum Act : uint32_t {
  kAnswer,
  kSegfault,
  kRaise,     // the signal of `episodes`
  kKillOnce,  // SIGKILL, the first time
  kExit,
  kHang,
  kSlow,
  kNonsense,
  kDescriptors,
};

size_t CountEntries(const std::string& folder);

// For evaluator processes. An experiment with an environment gets a real
// evaluator; the name of another one is a folder of the test, or
//   "not to be built"         an error
//   "dies while it is built"  a segmentation fault
EvaluatorFactory FaultyEvaluators(std::atomic<uint64_t>* steps);

}  // namespace starling

#endif  // STARLING_WORKERS_FAULTY_EVALUATOR_H_
