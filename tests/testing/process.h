// Real processes for tests: started, watched, killed, collected.
#ifndef STARLING_TESTS_TESTING_PROCESS_H_
#define STARLING_TESTS_TESTING_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace starling::testing {

// How a process ended, and what it printed.
struct ProcessResult {
  // Exit status, or 128 + signal.
  int status = -1;
  std::string out;
  std::string err;
};

// A child process, killed when the object goes. Not thread-safe.
class Process {
 public:
  // Starts `arguments[0]` in `folder` ("": here); output goes to files.
  explicit Process(const std::vector<std::string>& arguments,
                   const std::string& folder = "");
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void Signal(int signal);
  // Waits until it ends; kills it at the deadline (status 128 + 9).
  ProcessResult Wait(std::chrono::seconds limit = std::chrono::seconds(120));
  // What it has printed so far.
  std::string out() const;
  std::string err() const;

 private:
  pid_t pid_ = -1;
  int status_ = -1;
  std::string out_path_, err_path_;
};

// A child process to talk with over its standard input and output, killed when
// the object goes; its standard error is the test's.
class Conversation {
 public:
  explicit Conversation(const std::vector<std::string>& arguments);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Writes and reads all these bytes; false if the other side has ended, or is
  // silent for a minute.
  bool Write(const void* from, size_t bytes);
  bool Read(void* to, size_t bytes);
  // Closes its input and waits for its end; exit status or 128 + signal.
  int Close();

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
};

// Starts and waits.
ProcessResult RunProcess(
    const std::vector<std::string>& arguments, const std::string& folder = "",
    std::chrono::seconds limit = std::chrono::seconds(120));

// The processes that a process has started and that live.
std::vector<pid_t> ChildrenOf(pid_t parent);

// Waits until `condition` holds; false at the deadline.
bool WaitUntil(const std::function<bool()>& condition,
               std::chrono::seconds limit = std::chrono::seconds(60));

// A new empty folder with a short path (sockets live there too); removed when
// the test program ends.
std::string NewFolder();

// Path of a file of the repository that the test has as data:
// "deploy/cli/starling".
std::string DataPath(const std::string& path);

}  // namespace starling::testing

#endif  // STARLING_TESTS_TESTING_PROCESS_H_
