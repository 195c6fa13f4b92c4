// Drives the target that it is linked with by libFuzzer (clang only):
//
//   CC=clang bazel build --copt=-fsanitize=fuzzer-no-link,address \
//     --linkopt=-fsanitize=fuzzer,address //tests/fuzz:experiment_libfuzzer
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  starling::ParseOne(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
