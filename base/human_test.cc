#include "base/human.h"

#include <cmath>

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(HumanTest, CountsAreGroupedByThousands) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1000), "1,000");
  EXPECT_EQ(HumanCount(1234567), "1,234,567");
  EXPECT_EQ(HumanCount(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(HumanTest, DurationsReadWell) {
  EXPECT_EQ(HumanDuration(0), "0 s");
  EXPECT_EQ(HumanDuration(59.4), "59 s");
  EXPECT_EQ(HumanDuration(59.6), "1:00");
  EXPECT_EQ(HumanDuration(7509), "2:05:09");
  EXPECT_EQ(HumanDuration(273600), "3 d 4 h");
  EXPECT_EQ(HumanDuration(-1), "?");
  EXPECT_EQ(HumanDuration(NAN), "?");
}

}  // namespace
}  // namespace starling
