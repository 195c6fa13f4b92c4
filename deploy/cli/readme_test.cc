// Every command of README.md works as printed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "deploy/cli/shell_test_support.h"

namespace starling {
namespace {

namespace fs = std::filesystem;

// The indented lines, one script for each paragraph of them.
std::vector<std::string> Scripts(const std::string& markdown) {
  std::vector<std::string> scripts;
  bool inside = false;
  std::istringstream lines(markdown);
  for (std::string line; std::getline(lines, line);) {
    const bool is_command = absl::StartsWith(line, "    ");
    if (is_command && !inside) scripts.emplace_back();
    if (is_command) scripts.back() += line.substr(4) + "\n";
    inside = is_command;
  }
  return scripts;
}

TEST(ReadmeTest, EveryCommandWorksAsPrinted) {
  const Checkout checkout;
  // What is built here is built already.
  checkout.Write("bin/bazel", "#!/bin/sh\n[ \"$1\" = build ]\n");
  ASSERT_EQ(checkout.Run("chmod +x bin/bazel && ln -s . bazel-bin").exit_code,
            0);

  std::vector<std::string> scripts = Scripts(checkout.Read("README.md"));

  ASSERT_EQ(scripts.size(), 9u);
  EXPECT_EQ(scripts[0], "bash deploy/quickstart.sh\n");
  EXPECT_EQ(scripts[1], "bash tests/run.sh\n");
  EXPECT_EQ(scripts[8],
            "bazel test //envs/classic:slope_test "
            "//tests/conformance:env_conformance_test\n");
  // All of the first but its length. The second runs this test.
  scripts[0] =
      "bash deploy/quickstart.sh 1 --set budget.generations=2 "
      "--set env.max_steps=40 --set evaluation.episodes=2";
  for (const int i : {0, 2, 3, 4, 5, 6, 7}) {
    const ShellAnswer answer = checkout.Run("set -e\n" + scripts[i]);
    EXPECT_EQ(answer.exit_code, 0) << scripts[i] << answer.err;
  }
  for (const char* made :
       {"half_cheetah.mp4", "runs/half_cheetah_ars-s1/learning_curve.png",
        "sphere.png", "episode.csv", "pole.mp4", "search.png", "pointer.mp4",
        "runs/pole_c/inverted_pendulum_ars.c"}) {
    EXPECT_NE(checkout.Read(made), "") << made;
  }
}

// Paths that the text names in `..`, in the source tree behind the runfiles.
TEST(ReadmeTest, FilesAndFoldersThatItNamesAreThere) {
  const fs::path readme = fs::canonical("README.md");
  std::ostringstream contents;
  contents << std::ifstream(readme).rdbuf();
  const std::string text = contents.str();
  int num_paths = 0;
  size_t end = 0;
  for (size_t start; (start = text.find('`', end)) != std::string::npos;) {
    end = text.find('`', ++start);
    const std::string word = text.substr(start, end++ - start);
    if (word.find('/') == std::string::npos || absl::StartsWith(word, "~") ||
        absl::StrContains(word, "slope") || absl::StrContains(word, "bin/")) {
      continue;
    }
    ++num_paths;
    EXPECT_TRUE(fs::exists(readme.parent_path() / word)) << word;
  }
  EXPECT_GT(num_paths, 10);
}

}  // namespace
}  // namespace starling
