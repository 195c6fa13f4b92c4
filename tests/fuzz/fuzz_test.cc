// Drives the target that it is linked with by seeded mutation.
#include "tests/fuzz/fuzz.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fuzz/mutation.h"

namespace starling {
namespace {

TEST(FuzzTest, SeedsAreAccepted) {
  const std::vector<std::string> seeds = Seeds();
  ASSERT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) EXPECT_TRUE(ParseOne(seed)) << seed;
}

TEST(FuzzTest, DamagedInputsAreRefusedOrUnderstood) {
  const char* rounds_text = std::getenv("STARLING_FUZZ_ROUNDS");
  const int rounds = rounds_text == nullptr ? 20000 : std::atoi(rounds_text);
  std::vector<std::string> inputs = Seeds();
  Rng rng(1);
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string bytes = Mutate(inputs, &rng);
    if (!ParseOne(bytes)) continue;
    ++accepted;
    // What is still understood is changed further.
    if (inputs.size() < 200) inputs.push_back(bytes);
  }
  // The mutations neither leave all inputs whole nor destroy them all.
  EXPECT_GT(accepted, rounds / 1000);
  EXPECT_LT(accepted, rounds);
}

TEST(FuzzTest, EmptyAndArbitraryBytesDoNotCrash) {
  ParseOne("");
  Rng rng(2);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(rng.Below(200), '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng.Below(256));
    ParseOne(bytes);
  }
}

}  // namespace
}  // namespace starling
