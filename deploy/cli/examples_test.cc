// Every example of every help page works as printed.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "deploy/cli/shell_test_support.h"

namespace starling {
namespace {

TEST(ExamplesTest, EveryExampleWorksAsPrinted) {
  const Checkout checkout;
  const std::string help = checkout.Run("starling --help").out;
  // The first commands that a newcomer sees make the run that others use.
  std::vector<std::string> commands;
  const size_t start = help.find("Start with:\n");
  ASSERT_NE(start, std::string::npos) << help;
  for (const std::string& command : ExamplesInHelp(
           "Examples:\n" + help.substr(help.find('\n', start) + 1))) {
    commands.push_back(command);
  }
  for (const std::string& verb : VerbsInHelp(help)) {
    // These need a counterpart, and have tests of their own.
    if (verb == "worker" || verb == "aggregator") continue;
    for (const std::string& example :
         ExamplesInHelp(checkout.Run("starling " + verb + " --help").out)) {
      commands.push_back(example);
    }
  }
  EXPECT_GE(commands.size(), 18u);

  for (const std::string& command : commands) {
    const ShellAnswer answer = checkout.Run(command);
    EXPECT_EQ(answer.exit_code, 0) << command << "\n" << answer.err;
  }
}

}  // namespace
}  // namespace starling
