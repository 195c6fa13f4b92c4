// The same bits of attention from another compiler, without AVX and on ARM.
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"

namespace starling {
namespace {

std::vector<std::string> Lines(const std::vector<std::string>& command) {
  const testing::ProcessResult result = testing::RunProcess(command);
  EXPECT_EQ(result.status, 0) << result.err;
  return absl::StrSplit(result.out, '\n', absl::SkipEmpty());
}

TEST(AttentionBitsTest, AreThoseOfEveryTarget) {
  const auto program = [](const char* name) {
    return testing::DataPath(std::string("tests/portability/") + name);
  };
  const std::vector<std::string> here = Lines({program("attention_bits")});
  EXPECT_GT(here.size(), 45u);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{program("attention_bits_clang")},
        {program("attention_bits_no_avx")},
        {"/usr/bin/qemu-aarch64", program("attention_bits_aarch64")}}) {
    SCOPED_TRACE(command.back());
    const std::vector<std::string> there = Lines(command);
    ASSERT_EQ(there.size(), here.size());
    for (size_t i = 0; i < here.size(); ++i) EXPECT_EQ(there[i], here[i]);
  }
}

}  // namespace
}  // namespace starling
