#include "deploy/bench/process_stats.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(ProcessStatsTest, OwnFiguresFollowWhatIsUsed) {
  const ProcessMemory before = MemoryOf(getpid());
  const int files = NumOpenFiles(getpid());
  constexpr size_t kBytes = 64 << 20;
  const auto block = std::make_unique<char[]>(kBytes);
  memset(block.get(), 1, kBytes);
  const int fd = open("/dev/null", O_RDONLY);

  EXPECT_GT(MemoryOf(getpid()).rss_mib, before.rss_mib + 60);
  EXPECT_GE(MemoryOf(getpid()).peak_rss_mib, before.rss_mib + 60);
  EXPECT_EQ(NumOpenFiles(getpid()), files + 1);
  EXPECT_EQ(NumThreads(getpid()), 1);
  EXPECT_GT(ProcessCpuSeconds(getpid()), 0);
  close(fd);
}

TEST(ProcessStatsTest, AProcessThatIsGoneUsesNothing) {
  constexpr pid_t kNobody = 1 << 22;  // beyond the largest
  EXPECT_EQ(MemoryOf(kNobody).rss_mib, 0);
  EXPECT_EQ(ProcessCpuSeconds(kNobody), 0);
  EXPECT_EQ(NumOpenFiles(kNobody), 0);
  EXPECT_EQ(NumThreads(kNobody), 0);
}

TEST(ProcessStatsTest, TooManyFilesAreRefusedWithTheRemedy) {
  EXPECT_TRUE(AllowOpenFiles(16).ok());
  const absl::Status status = AllowOpenFiles(2'000'000'000);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("ulimit -n"), std::string::npos);
}

}  // namespace
}  // namespace starling
