#include "tests/testing/allocation_guard.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace starling {
namespace {

// Plain and initialised by a constant: reading it never allocates.
thread_local int64_t allocations = 0;

}  // namespace

int64_t AllocationsOfThisThread() { return allocations; }

}  // namespace starling

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// A definition in the program comes before glibc's; free stays glibc's.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) noexcept {
  ++starling::allocations;
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) noexcept {
  ++starling::allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) noexcept {
  ++starling::allocations;
  return __libc_realloc(old, size);
}

void* memalign(size_t alignment, size_t size) noexcept {
  ++starling::allocations;
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) noexcept {
  ++starling::allocations;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, size_t alignment, size_t size) noexcept {
  const bool is_power_of_two =
      alignment != 0 && (alignment & (alignment - 1)) == 0;
  if (!is_power_of_two || alignment % sizeof(void*) != 0) return EINVAL;
  ++starling::allocations;
  void* memory = __libc_memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *result = memory;
  return 0;
}

}  // extern "C"

#endif
