#include "deploy/cli/log_limiter.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LogLimiterTest : public testing::Test {
 protected:
  bool Admit(const std::string& message, int line = 1) {
    return limiter_.Admit(1, "a.cc", line, message, now_);
  }

  LogLimiter limiter_{{.window = seconds(10), .most = 3}};
  LogLimiter::Time now_{std::chrono::hours(1)};
};

TEST_F(LogLimiterTest, ARepeatedLineAppearsOnceAWindowAndIsCounted) {
  EXPECT_TRUE(Admit("cut off"));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Admit("cut off"));
  EXPECT_TRUE(limiter_.Take(now_).empty()) << "the window is not over";

  now_ += seconds(10);
  const auto held = limiter_.Take(now_);

  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].count, 5u);
  EXPECT_EQ(held[0].message, "cut off");
  EXPECT_EQ(held[0].line, 1);
  EXPECT_TRUE(limiter_.Take(now_).empty()) << "told once";
  EXPECT_TRUE(Admit("cut off")) << "a new window";
}

TEST_F(LogLimiterTest, AFloodOfDifferentLinesOfOnePlaceIsCut) {
  for (const char* message : {"a", "b", "c"}) EXPECT_TRUE(Admit(message));
  EXPECT_FALSE(Admit("d"));
  EXPECT_TRUE(Admit("d", /*line=*/2)) << "another place is not touched";

  const auto held = limiter_.Take(now_, /*all=*/true);

  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].message, "d");
}

TEST_F(LogLimiterTest, WindowsEndOneByOne) {
  Admit("a");
  Admit("a");
  now_ += seconds(5);
  Admit("b", 2);
  Admit("b", 2);
  now_ += milliseconds(5'001);

  ASSERT_EQ(limiter_.Take(now_).size(), 1u);
  now_ += seconds(5);
  ASSERT_EQ(limiter_.Take(now_).size(), 1u);
}

}  // namespace
}  // namespace starling
