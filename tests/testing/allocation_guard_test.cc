#include "tests/testing/allocation_guard.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace starling {
namespace {

constexpr int kOne = kAllocationsAreCounted ? 1 : 0;

// Keeps the compiler from removing an allocation that nobody looks at.
void* volatile escape;

TEST(AllocationGuardTest, EachKindOfAllocationCounts) {
  const AllocationGuard guard;

  std::unique_ptr<int> plain(new int(3));
  escape = plain.get();
  EXPECT_EQ(guard.count(), 1 * kOne);

  void* memory = std::malloc(100);
  escape = memory;
  memory = std::realloc(memory, 100000);
  escape = memory;
  EXPECT_EQ(guard.count(), 3 * kOne);
  std::free(memory);

  memory = std::calloc(10, 10);
  escape = memory;
  std::free(memory);
  EXPECT_EQ(guard.count(), 4 * kOne);

  memory = std::aligned_alloc(64, 640);
  escape = memory;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
  std::free(memory);
  ASSERT_EQ(posix_memalign(&memory, 64, 640), 0);
  escape = memory;
  std::free(memory);
  EXPECT_EQ(guard.count(), 6 * kOne);
}

TEST(AllocationGuardTest, AllocationsInsideSharedLibrariesCount) {
  // std::string(const char*) is compiled into libstdc++.
  const char* volatile text = "long enough not to fit into the string itself";
  const AllocationGuard guard;

  const std::string copy(text);

  EXPECT_EQ(guard.count(), kOne);
}

TEST(AllocationGuardTest, WorkWithoutAllocationCountsNothing) {
  std::vector<int> numbers(1000);
  const AllocationGuard guard;

  for (int& number : numbers) number = 7;
  std::vector<int> moved = std::move(numbers);
  moved.clear();
  moved.resize(500);

  EXPECT_EQ(guard.count(), 0);
}

TEST(AllocationGuardTest, OtherThreadsDoNotCount) {
  int64_t elsewhere = -1;
  int64_t here = -1;
  std::thread other([&] {
    const AllocationGuard guard;
    escape = nullptr;
    std::vector<int> numbers(1000);
    escape = numbers.data();
    elsewhere = guard.count();
  });
  {
    const AllocationGuard guard;
    other.join();
    here = guard.count();
  }

  EXPECT_EQ(elsewhere, kOne);
  EXPECT_EQ(here, 0);
}

}  // namespace
}  // namespace starling
