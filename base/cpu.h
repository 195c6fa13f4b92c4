// Whether this CPU can run the program at all.
#ifndef STARLING_BASE_CPU_H_
#define STARLING_BASE_CPU_H_

#include "absl/status/status.h"

namespace starling {

// FailedPrecondition, with the instructions that are missing, unless the CPU
// has the x86-64-v3 set that everything here is compiled for (Intel Haswell,
// AMD Excavator and later; virtual machines may hide it). For the first line of
// main: elsewhere an older CPU would stop with "illegal instruction". OK on
// other architectures.
absl::Status CheckCpu();

}  // namespace starling

#endif  // STARLING_BASE_CPU_H_
