// Every command of deploy/certs/README.md works as printed.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "deploy/cli/shell_test_support.h"

namespace starling {
namespace {

TEST(CertsPageTest, EveryCommandWorksAsPrinted) {
  const Checkout checkout;
  std::string script = "set -e\n";
  int num_commands = 0;
  std::istringstream page(checkout.Read("deploy/certs/README.md"));
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("    ", 0) != 0) continue;
    script += line.substr(4) + "\n";
    ++num_commands;
  }
  ASSERT_EQ(num_commands, 10);

  const ShellAnswer answer = checkout.Run(script);

  EXPECT_EQ(answer.exit_code, 0) << script << answer.err;
  EXPECT_NE(answer.out.find("ok     tls"), std::string::npos) << answer.out;
  const ShellAnswer replaced =
      checkout.Run("starling doctor --tls tls/aggregator");
  EXPECT_EQ(replaced.exit_code, 0) << replaced.out;
}

}  // namespace
}  // namespace starling
