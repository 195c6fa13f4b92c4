#include "base/cpu.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace starling {

absl::Status CheckCpu() {
#if defined(__x86_64__)
  std::string missing;
  __builtin_cpu_init();
  // The builtin takes literals only.
#define STARLING_REQUIRE_CPU(feature)       \
  if (!__builtin_cpu_supports(feature)) {   \
    missing += missing.empty() ? "" : ", "; \
    missing += feature;                     \
  }
  STARLING_REQUIRE_CPU("sse4.2")
  STARLING_REQUIRE_CPU("popcnt")
  STARLING_REQUIRE_CPU("avx")
  STARLING_REQUIRE_CPU("avx2")
  STARLING_REQUIRE_CPU("fma")
  STARLING_REQUIRE_CPU("bmi")
  STARLING_REQUIRE_CPU("bmi2")
  STARLING_REQUIRE_CPU("f16c")
  STARLING_REQUIRE_CPU("lzcnt")
  STARLING_REQUIRE_CPU("movbe")
#undef STARLING_REQUIRE_CPU
  if (!missing.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this CPU lacks ", missing,
        ": Starling needs x86-64-v3 (Intel Haswell, AMD Excavator or later); "
        "in a virtual machine, let it show the host's CPU"));
  }
#endif
  return absl::OkStatus();
}

}  // namespace starling
