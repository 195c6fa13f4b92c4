// Runs the real program as a user would: in a folder of its own, through a
// shell.
#ifndef STARLING_DEPLOY_CLI_SHELL_TEST_SUPPORT_H_
#define STARLING_DEPLOY_CLI_SHELL_TEST_SUPPORT_H_

#include <string>
#include <vector>

namespace starling {

struct ShellAnswer {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// A folder that looks like a checkout: it holds a link to deploy/ and, if the
// test has it as data, README.md; `starling` is on the path of its commands. Removed with the object.
class Checkout {
 public:
  Checkout();
  ~Checkout();
  Checkout(const Checkout&) = delete;
  Checkout& operator=(const Checkout&) = delete;

  const std::string& path() const { return path_; }
  // Runs `command` with /bin/sh in the folder; waits for it.
  ShellAnswer Run(const std::string& command) const;
  // Writes a file in the folder.
  void Write(const std::string& name, const std::string& text) const;
  std::string Read(const std::string& name) const;

 private:
  std::string path_;
};

// The names that `starling --help` lists, "bench rollout" among them.
std::vector<std::string> VerbsInHelp(const std::string& help);
// The commands below "Examples:".
std::vector<std::string> ExamplesInHelp(const std::string& help);

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_SHELL_TEST_SUPPORT_H_
