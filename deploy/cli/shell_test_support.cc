#include "deploy/cli/shell_test_support.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/log.h"

namespace starling {

namespace fs = std::filesystem;

Checkout::Checkout() {
  const char* base = std::getenv("TEST_TMPDIR");
  path_ = std::string(base == nullptr ? "/tmp" : base) + "/checkout-XXXXXX";
  CHECK(mkdtemp(path_.data()) != nullptr);
  // Bazel runs a test in the root of its data files.
  const fs::path root = fs::current_path();
  fs::create_directory_symlink(root / "deploy", path_ + "/deploy");
  if (fs::exists(root / "README.md")) {
    fs::copy_file(root / "README.md", path_ + "/README.md");
  }
  fs::create_directory(path_ + "/bin");
  fs::create_symlink(root / "deploy/cli/starling", path_ + "/bin/starling");
}

Checkout::~Checkout() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

ShellAnswer Checkout::Run(const std::string& command) const {
  const std::string script = "cd '" + path_ + "' && export PATH='" + path_ +
                             "/bin':\"$PATH\" && ( " + command +
                             "\n) > .out 2> .err < /dev/null";
  const int status = std::system(script.c_str());
  ShellAnswer answer;
  answer.exit_code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  answer.out = Read(".out");
  answer.err = Read(".err");
  return answer;
}

void Checkout::Write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ + "/" + name, std::ios::binary) << text;
}

std::string Checkout::Read(const std::string& name) const {
  std::ifstream file(path_ + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> VerbsInHelp(const std::string& help) {
  std::vector<std::string> verbs;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (line == "Start with:") break;
    const size_t gap = line.find("  ", 2);
    if (line.rfind("  ", 0) == 0 && gap != std::string::npos) {
      verbs.push_back(line.substr(2, gap - 2));
    }
  }
  return verbs;
}

std::vector<std::string> ExamplesInHelp(const std::string& help) {
  std::vector<std::string> examples;
  std::istringstream lines(help.substr(help.rfind("Examples:\n")));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line.rfind("  ", 0) == 0) {
    examples.push_back(line.substr(2));
  }
  return examples;
}

}  // namespace starling
