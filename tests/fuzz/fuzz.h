// What a fuzz target defines. One target a library; the drivers link it.
//
// A target fails by crashing: CHECK, sanitizers, a time limit.
#ifndef STARLING_TESTS_FUZZ_FUZZ_H_
#define STARLING_TESTS_FUZZ_FUZZ_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace starling {

// Parses `bytes` as the target's format. False: refused. CHECK-fails unless
// what is accepted, serialised again, is accepted as the same.
bool ParseOne(absl::string_view bytes);

// Valid inputs to begin with, each accepted.
std::vector<std::string> Seeds();

}  // namespace starling

#endif  // STARLING_TESTS_FUZZ_FUZZ_H_
