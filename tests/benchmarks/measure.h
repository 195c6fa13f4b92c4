// The body of a benchmark of a function that must not allocate.
#ifndef STARLING_TESTS_BENCHMARKS_MEASURE_H_
#define STARLING_TESTS_BENCHMARKS_MEASURE_H_

#include <cstdint>

#include "base/log.h"
#include "benchmark/benchmark.h"
#include "tests/testing/allocation_guard.h"

namespace starling {

// Times `body`, which works on `items` things. CHECK-fails if it allocates:
// once before the timing, so that the loop holds nothing else.
template <typename Body>
void Measure(benchmark::State& state, int64_t items, const Body& body) {
  body();
  const AllocationGuard guard;
  body();
  CHECK_EQ(guard.count(), 0) << "allocations in a hot loop";
  for (auto _ : state) {
    body();
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * items);
}

}  // namespace starling

#endif  // STARLING_TESTS_BENCHMARKS_MEASURE_H_
