// A policy that looks, from the preset to a film of what it looks at: learns,
// with the same bits for any number of workers.
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/run_fixture.h"

namespace starling {
namespace {

using testing::ProcessResult;

class VisionTest : public RunFixture {
 protected:
  static std::string Preset() {
    return testing::DataPath(
        "deploy/experiments/pixel_pointer_openai_es.textproto");
  }
  // The mean return of a policy on fresh episodes.
  static double MeanReturn(const std::string& run,
                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {Starling(),   "eval", run,
                                      "--episodes", "40",   "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult result = testing::RunProcess(words);
    EXPECT_EQ(result.status, 0) << result.err;
    const size_t at = result.out.find("\"mean\":");
    double mean = 0;
    EXPECT_TRUE(at != std::string::npos &&
                absl::SimpleAtod(result.out.substr(
                                     at + 7, result.out.find(',', at) - at - 7),
                                 &mean))
        << result.out;
    return mean;
  }
};

// Standing still returns -42. Whoever has found the disc looks for it on other
// pictures, too.
TEST_F(VisionTest, APolicyThatLooksLearnsToFollow) {
  const std::string run = Path("learns");
  const ProcessResult result = Train(
      Preset(), run,
      {"--set", "seed=2", "--set", "budget.generations=50", "--workers", "2"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_GT(MeanReturn(run), -25);
  EXPECT_GT(
      MeanReturn(run, {"--set", "env.pixel_pointer.unseen_backgrounds=true"}),
      -30);

  // And it can be watched.
  const ProcessResult film = testing::RunProcess(
      {Starling(), "render", run, "--overlay", "--width", "320", "--height",
       "366", "--out", Path("gaze.mp4")});
  EXPECT_EQ(film.status, 0) << film.err;
  EXPECT_GT(std::filesystem::file_size(Path("gaze.mp4")), 10000u);
}

TEST_F(VisionTest, AnyNumberOfWorkersGivesTheSameBits) {
  std::string signature;
  for (const char* const workers : {"1", "3"}) {
    const std::string run = Path(absl::StrCat("bits", workers));
    const ProcessResult result =
        Train(Preset(), run,
              {"--set", "budget.generations=4", "--set",
               "strategy.openai_es.num_directions=6", "--set",
               "evaluation.every=2", "--workers", workers});
    ASSERT_EQ(result.status, 0) << result.err;
    if (signature.empty()) signature = Signature(run);
    EXPECT_EQ(Signature(run), signature);
  }
}

TEST_F(VisionTest, APatchLargerThanTheFrameIsRefused) {
  const std::string experiment = Write(
      "large.textproto",
      "env { pixel_pointer {} } policy { implicit_attention { patch: 33 } }");
  const ProcessResult result = Train(experiment, Path("large"));
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("33 pixels, but the frames of pixel_pointer are 32 "
                            "x 32"),
            std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace starling
