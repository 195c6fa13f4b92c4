// Counts heap allocations, to test that a hot loop makes none.
//
//   const AllocationGuard guard;
//   env.Step(action);
//   EXPECT_EQ(guard.count(), 0);
//
// Linking this library replaces malloc and its relatives in the whole test
// program, shared libraries included: operator new, Eigen and MuJoCo all pass
// through them. Each allocation costs one more increment. Needs glibc.
#ifndef STARLING_TESTS_TESTING_ALLOCATION_GUARD_H_
#define STARLING_TESTS_TESTING_ALLOCATION_GUARD_H_

#include <cstdint>

namespace starling {

// The address and thread sanitizers bring their own malloc: under them nothing
// is counted and every count is 0.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kAllocationsAreCounted = false;
#else
inline constexpr bool kAllocationsAreCounted = true;
#endif

// Allocations (and reallocations) of the calling thread since it began.
int64_t AllocationsOfThisThread();

// Counts from its construction on. For the thread that made it.
class AllocationGuard {
 public:
  AllocationGuard() : start_(AllocationsOfThisThread()) {}
  int64_t count() const { return AllocationsOfThisThread() - start_; }

 private:
  const int64_t start_;
};

}  // namespace starling

#endif  // STARLING_TESTS_TESTING_ALLOCATION_GUARD_H_
