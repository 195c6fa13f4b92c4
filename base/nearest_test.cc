#include "base/nearest.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(NearestTest, FindsTheMisspelling) {
  EXPECT_EQ(Nearest("sigmaa", {"seed", "sigma", "shaping"}), "sigma");
  EXPECT_EQ(Nearest("trian", {"eval", "train", "trace"}), "train");
}

TEST(NearestTest, AnswersNothingForAStranger) {
  EXPECT_EQ(Nearest("xyzzy", {"seed", "sigma"}), "");
  EXPECT_EQ(Nearest("", {"seed"}), "");
  EXPECT_EQ(Nearest("seed", {}), "");
}

TEST(NearestTest, TakesTheFirstAmongEquals) {
  EXPECT_EQ(Nearest("cat", {"hat", "bat"}), "hat");
}

}  // namespace
}  // namespace starling
