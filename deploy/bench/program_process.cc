#include "deploy/bench/program_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace starling {

absl::StatusOr<std::unique_ptr<ProgramProcess>> ProgramProcess::Start(
    const std::string& program, const std::vector<std::string>& arguments,
    const std::string& log) {
  if (access(program.c_str(), X_OK) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot run ", program, ": ", strerror(errno)));
  }
  const int log_fd =
      open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log_fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot write ", log, ": ", strerror(errno)));
  }
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), program);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(75);
    dup2(log_fd, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  const int error = errno;
  close(log_fd);
  if (pid < 0) {
    return absl::UnavailableError(
        absl::StrCat("no process could be started: ", strerror(error)));
  }
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  return std::unique_ptr<ProgramProcess>(new ProgramProcess(pid, pidfd));
}

ProgramProcess::~ProgramProcess() {
  if (!status_.has_value()) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (pidfd_ >= 0) close(pidfd_);
}

void ProgramProcess::Signal(int signal) {
  if (!status_.has_value()) kill(pid_, signal);
}

std::optional<int> ProgramProcess::WaitFor(std::chrono::milliseconds limit) {
  if (status_.has_value()) return status_;
  pollfd ended = {pidfd_, POLLIN, 0};
  poll(&ended, 1,
       static_cast<int>(std::max<int64_t>(0, std::min<int64_t>(
                                                 limit.count(), 1 << 30))));
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                  : WEXITSTATUS(status);
  }
  return status_;
}

}  // namespace starling
