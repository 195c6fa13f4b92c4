#include "deploy/plot/gnuplot.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using ::testing::HasSubstr;

TEST(GnuplotTest, ThePictureIsTheProgramsOutput) {
  const auto picture = RunGnuplot(absl::StrCat(
      TerminalLine(PictureFormat::kPng, 200, 100), "plot [0:1] x\n"));

  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_TRUE(absl::StartsWith(*picture, "\x89PNG"));
}

TEST(GnuplotTest, AMistakeInTheScriptIsReportedInItsWords) {
  const absl::Status status = RunGnuplot("plot nonsense(x)\n").status();

  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_THAT(status.message(), HasSubstr("undefined function"));
}

TEST(GnuplotTest, WithoutTheProgramThePackageIsNamed) {
  const std::string path = getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  const absl::Status status = RunGnuplot("plot x\n").status();
  setenv("PATH", path.c_str(), 1);

  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("gnuplot-nox"));
}

TEST(GnuplotTest, QuotedTextStaysText) {
  EXPECT_EQ(QuoteForGnuplot("ant_s1"), "'ant_s1'");
  EXPECT_EQ(QuoteForGnuplot("it's"), "'it''s'");
  EXPECT_EQ(QuoteForGnuplot("'s"), "\"'\".'s'");
  EXPECT_EQ(QuoteForGnuplot("a\nb\t`ls` \\"), "'a b `ls` \\'");
  EXPECT_EQ(QuoteForGnuplot("\xc3\xa4"), "'\xc3\xa4'");
  EXPECT_EQ(QuoteForGnuplot("\xc3"), "'?'");
  EXPECT_EQ(QuoteForGnuplot("\xff!"), "'?!'");
}

TEST(GnuplotTest, HostileNamesAreDrawnAndNotExecuted) {
  const auto picture = RunGnuplot(absl::StrCat(
      TerminalLine(PictureFormat::kSvg, 400, 300), "set title ",
      QuoteForGnuplot("'; system('exit'); <b>_^{x}&\"\\\n`false`"),
      "\nplot [0:1] x title ", QuoteForGnuplot("@x $y %d {/=9 z}"), "\n"));

  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_THAT(*picture, HasSubstr("&lt;b>_^{x}&amp;"));
  EXPECT_THAT(*picture, HasSubstr("{/=9 z}"));
}

TEST(PictureFormatTest, FollowsTheExtension) {
  EXPECT_EQ(*PictureFormatOf("a/b.PNG"), PictureFormat::kPng);
  EXPECT_EQ(*PictureFormatOf("b.svg"), PictureFormat::kSvg);
  for (const char* path : {"", "png", "a.jpg", "a.png.txt"}) {
    const absl::Status status = PictureFormatOf(path).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << path;
    EXPECT_THAT(status.message(), HasSubstr(".png or .svg"));
  }
}

}  // namespace
}  // namespace starling
