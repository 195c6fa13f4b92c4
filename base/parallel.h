// Splits an index range over threads.
#ifndef STARLING_BASE_PARALLEL_H_
#define STARLING_BASE_PARALLEL_H_

#include <cstdint>
#include <functional>

namespace starling {

// Calls body(begin, end) for pieces that cover [0, n) once, on at most
// `threads` >= 1 threads, and returns when all are done. Pieces begin at
// multiples of `grain` >= 1. The caller's thread works too; with one thread, or
// little to do, no thread is started. `body` must not throw.
void ParallelFor(int64_t n, int threads, int64_t grain,
                 const std::function<void(int64_t, int64_t)>& body);

}  // namespace starling

#endif  // STARLING_BASE_PARALLEL_H_
