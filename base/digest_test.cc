#include "base/digest.h"

#include "gtest/gtest.h"

namespace starling {
namespace {

TEST(DigestTest, KnownAnswers) {
  EXPECT_EQ(Hex(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, HexKeepsZeroBytes) {
  EXPECT_EQ(Hex(absl::string_view("\0\xff\x0a", 3)), "00ff0a");
}

}  // namespace
}  // namespace starling
