#include "base/cpu.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

// The test itself is compiled for x86-64-v3: where it runs, the answer is yes.
TEST(CpuTest, ACpuThatRunsThisTestIsAccepted) {
  EXPECT_TRUE(CheckCpu().ok()) << CheckCpu();
}

}  // namespace
}  // namespace starling
