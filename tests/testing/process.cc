#include "tests/testing/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/log.h"

namespace starling::testing {
namespace {

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Removes what it lists at the program's end.
struct Folders {
  std::vector<std::string> paths;
  ~Folders() {
    std::error_code ignored;
    for (const std::string& path : paths) {
      std::filesystem::remove_all(path, ignored);
    }
  }
};

}  // namespace

Process::Process(const std::vector<std::string>& arguments,
                 const std::string& folder) {
  const std::string output = NewFolder();
  out_path_ = output + "/out";
  err_path_ = output + "/err";
  std::vector<char*> words;
  for (const std::string& word : arguments) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);

  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  const int out_fd = open(out_path_.c_str(), flags, 0600);
  const int err_fd = open(err_path_.c_str(), flags, 0600);
  pid_ = fork();
  CHECK_GE(pid_, 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(out_fd, STDOUT_FILENO);
    dup2(err_fd, STDERR_FILENO);
    if (!folder.empty() && chdir(folder.c_str()) != 0) _exit(126);
    execv(words[0], words.data());
    _exit(127);
  }
  close(out_fd);
  close(err_fd);
}

Process::~Process() {
  if (running()) Signal(SIGKILL);
  if (status_ < 0) Wait();
}

bool Process::running() {
  if (status_ >= 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

void Process::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

ProcessResult Process::Wait(std::chrono::seconds limit) {
  if (!WaitUntil([this] { return !running(); }, limit)) {
    kill(pid_, SIGKILL);
    CHECK(WaitUntil([this] { return !running(); }));
  }
  return {status_, out(), err()};
}

std::string Process::out() const { return Contents(out_path_); }
std::string Process::err() const { return Contents(err_path_); }

Conversation::Conversation(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  for (const std::string& word : arguments) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  int in[2], out[2];
  CHECK_EQ(pipe2(in, O_CLOEXEC), 0);
  CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
  std::signal(SIGPIPE, SIG_IGN);
  pid_ = fork();
  CHECK_GE(pid_, 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execv(words[0], words.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  in_ = in[1];
  out_ = out[0];
}

Conversation::~Conversation() {
  if (pid_ > 0) kill(pid_, SIGKILL);
  Close();
}

bool Conversation::Write(const void* from, size_t bytes) {
  const auto* next = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t written = write(in_, next, bytes);
    if (written <= 0) return false;
    next += written;
    bytes -= written;
  }
  return true;
}

bool Conversation::Read(void* to, size_t bytes) {
  auto* next = static_cast<char*>(to);
  while (bytes > 0) {
    pollfd ready = {out_, POLLIN, 0};
    if (poll(&ready, 1, 60 * 1000) <= 0) return false;
    const ssize_t got = read(out_, next, bytes);
    if (got <= 0) return false;
    next += got;
    bytes -= got;
  }
  return true;
}

int Conversation::Close() {
  if (pid_ < 0) return -1;
  close(in_);
  int status = 0;
  waitpid(pid_, &status, 0);
  close(out_);
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

ProcessResult RunProcess(const std::vector<std::string>& arguments,
                         const std::string& folder,
                         std::chrono::seconds limit) {
  return Process(arguments, folder).Wait(limit);
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(
           "/proc/" + std::to_string(parent) + "/task", error)) {
    std::ifstream file(thread.path() / "children");
    for (pid_t child; file >> child;) children.push_back(child);
  }
  return children;
}

bool WaitUntil(const std::function<bool()>& condition,
               std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

std::string NewFolder() {
  static Folders folders;
  std::string pattern = "/tmp/starling-test.XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr);
  folders.paths.push_back(pattern);
  return pattern;
}

std::string DataPath(const std::string& path) {
  const char* root = getenv("TEST_SRCDIR");
  const char* workspace = getenv("TEST_WORKSPACE");
  CHECK(root != nullptr && workspace != nullptr) << "run by bazel test";
  return std::string(root) + "/" + workspace + "/" + path;
}

}  // namespace starling::testing
