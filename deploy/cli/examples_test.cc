// Every example of every help page works as printed.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "deploy/cli/shell_test_support.h"

namespace starling {
namespace {

// The live run that the examples of some verbs are about: runs/swimmer with the
// workers node7 and node8. `timeout` ends it even if this test is killed.
class LiveRun {
 public:
  explicit LiveRun(const Checkout* checkout) : checkout_(checkout) {}
  ~LiveRun() {
    checkout_->Run("starling stop runs/swimmer --grace 0; kill $(cat pids)");
  }

  // Starts what has ended.
  void EnsureItLives() const {
    if (Says("\"live\":true")) return;
    Start(
        "aggregator deploy/experiments/sphere_openai_es.textproto --listen "
        "unix:live.sock --run runs/swimmer --set budget.generations=1000000 "
        "--resume auto");
    for (const std::string name : {"node7", "node8"}) {
      Start("worker --endpoint_file runs/swimmer/endpoint --wait 60 --name " +
            name);
    }
    EXPECT_TRUE(Await("\"workers_active\":2"));
  }

 private:
  void Start(const std::string& arguments) const {
    checkout_->Run("timeout 250 starling " + arguments +
                   " > live.log 2>&1 & echo $! >> pids");
  }
  bool Says(const std::string& part) const {
    const ShellAnswer answer =
        checkout_->Run("starling status runs/swimmer --json");
    return answer.out.find(part) != std::string::npos;
  }
  bool Await(const std::string& part) const {
    for (int i = 0; i < 600; ++i) {
      if (Says(part)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

  const Checkout* const checkout_;
};

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
  EXPECT_GE(commands.size(), 30u);

  const std::set<std::string> steering = {"checkpoint", "drain",  "pause",
                                          "resume",     "status", "stop"};
  const LiveRun live_run(&checkout);
  for (const std::string& command : commands) {
    const std::string verb =
        command.substr(9, command.find(' ', 9) - 9);  // after "starling "
    if (steering.count(verb) > 0) live_run.EnsureItLives();
    const ShellAnswer answer = checkout.Run(command);
    EXPECT_EQ(answer.exit_code, 0) << command << "\n" << answer.err;
  }
}

}  // namespace
}  // namespace starling
