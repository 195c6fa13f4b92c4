// The promises of the command line, kept by the real program.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "deploy/cli/shell_test_support.h"

namespace starling {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class CliTest : public testing::Test {
 protected:
  // The command fails with this exit status, nothing on standard output, and
  // every part in its message.
  void ExpectError(const std::string& command, int exit_code,
                   const std::vector<std::string>& parts) {
    const ShellAnswer answer = checkout_.Run(command);
    EXPECT_EQ(answer.exit_code, exit_code) << command << "\n" << answer.err;
    EXPECT_EQ(answer.out, "") << command;
    EXPECT_TRUE(Has(answer.err, ": error: ")) << command << "\n" << answer.err;
    for (const std::string& part : parts) {
      EXPECT_TRUE(Has(answer.err, part)) << command << "\n"
                                         << answer.err << "lacks: " << part;
    }
  }

  Checkout checkout_;
};

TEST_F(CliTest, EveryVerbHasHelpWithTwoExamples) {
  const ShellAnswer help = checkout_.Run("starling --help");
  ASSERT_EQ(help.exit_code, 0) << help.err;
  const std::vector<std::string> verbs = VerbsInHelp(help.out);
  EXPECT_GE(verbs.size(), 9u) << help.out;

  for (const std::string& verb : verbs) {
    const ShellAnswer answer = checkout_.Run("starling " + verb + " --help");
    EXPECT_EQ(answer.exit_code, 0) << verb;
    EXPECT_EQ(answer.err, "") << verb;
    EXPECT_EQ(ExamplesInHelp(answer.out).size(), 2u) << answer.out;
  }
}

TEST_F(CliTest, WordsThatDoNotExistNameTheNearest) {
  ExpectError("starling evl runs/a", 2, {"'evl'", "did you mean eval?"});
  ExpectError(
      "starling eval runs/a --episods 3", 2,
      {"starling eval: error", "--episods", "did you mean --episodes?"});
  ExpectError("starling trace --env half_cheeta --seed 1 --actions x", 2,
              {"half_cheeta", "half_cheetah"});
  ExpectError("starling bench rolout", 2, {"did you mean rollout?"});
}

TEST_F(CliTest, ValidateListsAllViolationsWithLineAndColumn) {
  checkout_.Write("bad.textproto",
                  "name: \"x\"\nenv { pendulum {} }\npolicy { linear {} }\n"
                  "strategy { ars { sigma: -1\n  num_directions: 0 } }\n"
                  "budget { generations: 1 }\n");

  ExpectError("starling validate bad.textproto", 2,
              {"bad.textproto:4:", "sigma", "-1",
               "bad.textproto:5:", "num_directions"});
  ExpectError("starling validate missing.textproto", 2, {"missing.textproto"});
  checkout_.Write("typo.textproto", "name: \"x\"\nenv { pendulm {} }\n");
  ExpectError("starling validate typo.textproto", 2,
              {"typo.textproto:2:", "pendulm", "pendulum"});
}

TEST_F(CliTest, EveryPresetIsValid) {
  const ShellAnswer answer =
      checkout_.Run("starling validate deploy/experiments/*.textproto");

  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_TRUE(Has(answer.out,
                  "half_cheetah_ars.textproto: valid: "
                  "half_cheetah, policy linear\n"))
      << answer.out;
}

TEST_F(CliTest, TraceFollowsItsActions) {
  checkout_.Write("a.csv", "torque\n0.5\n-0.25\n");

  const ShellAnswer answer =
      checkout_.Run("starling trace --env pendulum --seed 4 --actions a.csv");

  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_EQ(std::count(answer.out.begin(), answer.out.end(), '\n'), 4);
  EXPECT_TRUE(Has(answer.out,
                  "obs_0,obs_1,obs_2,action_0,reward,terminated,"
                  "truncated\n"))
      << answer.out;
  EXPECT_EQ(
      checkout_.Run("starling trace --env pendulum --seed 4 --actions a.csv")
          .out,
      answer.out);
  EXPECT_NE(
      checkout_.Run("starling trace --env pendulum --seed 5 --actions a.csv")
          .out,
      answer.out);
}

TEST_F(CliTest, TraceClipsWithOneWarningAndRefusesBadTables) {
  checkout_.Write("wild.csv", "3\n-9\n");
  const ShellAnswer answer = checkout_.Run(
      "starling trace --env pendulum --seed 4 --actions wild.csv");
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_EQ(std::count(answer.err.begin(), answer.err.end(), '\n'), 1)
      << answer.err;
  EXPECT_TRUE(Has(answer.err,
                  "warning: actions beyond the bounds were "
                  "clipped, 2 values"))
      << answer.err;

  checkout_.Write("wide.csv", "h\n1\n1,2\n");
  ExpectError("starling trace --env pendulum --seed 4 --actions wide.csv", 2,
              {"wide.csv:3: expected 1 columns, found 2"});
  ExpectError("starling trace --env pendulum --seed 4 --actions none.csv", 2,
              {"none.csv"});
  ExpectError("starling trace --env pendulum --seed 4", 2,
              {"--actions", "--policy"});
  ExpectError("starling trace --seed 4 --actions wild.csv", 2, {"--env"});
  ExpectError("starling trace --env pendulum --seed x --actions wild.csv", 2,
              {"'x' is not an integer in [0, 2^64)"});
}

TEST_F(CliTest, PoliciesThatCanNotBeReadAreDataErrors) {
  ExpectError("starling eval runs/none", 5, {"runs/none"});
  checkout_.Write("damaged.strlp", std::string(100, 'x'));
  ExpectError("starling eval damaged.strlp", 5, {"damaged.strlp"});
  ExpectError("starling inspect damaged.strlp", 5, {"damaged.strlp"});
}

TEST_F(CliTest, FullStandardOutputIsReported) {
  ShellAnswer answer = checkout_.Run("starling doctor --json > /dev/full");
  EXPECT_EQ(answer.exit_code, 3);
  EXPECT_TRUE(Has(answer.err, "standard output")) << answer.err;
}

}  // namespace
}  // namespace starling
