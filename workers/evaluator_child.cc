#include "workers/evaluator_child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"
#include "workers/evaluator_process.h"

extern char** environ;

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLingers = std::chrono::seconds(5);

// Closes a descriptor at the end of a block.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

absl::Status Failed(const char* call, int error) {
  return absl::UnavailableError(absl::StrCat(
      "can't start an evaluator process: ", call, ": ", strerror(error)));
}

}  // namespace

bool Death::is_crash() const {
  if (!WIFSIGNALED(wait_status_)) return false;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    if (WTERMSIG(wait_status_) == number) return true;
  }
  return false;
}

std::string Death::Describe() const {
  if (!WIFSIGNALED(wait_status_)) {
    return absl::StrCat("exit status ", WEXITSTATUS(wait_status_));
  }
  const char* name = sigabbrev_np(WTERMSIG(wait_status_));
  return name != nullptr ? absl::StrCat("SIG", name)
                         : absl::StrCat("signal ", WTERMSIG(wait_status_));
}

absl::StatusOr<std::unique_ptr<EvaluatorChild>> EvaluatorChild::Start(
    const std::string& program) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Failed("socketpair", errno);
  }
  Descriptor ours(ends[0]), theirs(ends[1]);
  const Descriptor steps(memfd_create("starling-steps", MFD_CLOEXEC));
  if (steps.get() < 0) return Failed("memfd_create", errno);
  if (ftruncate(steps.get(), kEvaluatorStepsBytes) != 0) {
    return Failed("ftruncate", errno);
  }
  void* memory = mmap(nullptr, kEvaluatorStepsBytes, PROT_READ, MAP_SHARED,
                      steps.get(), 0);
  if (memory == MAP_FAILED) return Failed("mmap", errno);
  std::unique_ptr<EvaluatorChild> child(new EvaluatorChild(
      ours.Release(), static_cast<std::atomic<uint64_t>*>(memory)));
  RETURN_IF_ERROR(child->Spawn(program, theirs.get(), steps.get()));
  return child;
}

EvaluatorChild::EvaluatorChild(int socket, std::atomic<uint64_t>* steps)
    : socket_(socket), steps_(steps), started_(Clock::now()) {}

absl::Status EvaluatorChild::Spawn(const std::string& program,
                                   int child_socket, int steps_fd) {
  // Copies out of the way of the numbers that the child has them under.
  const int first_free = kEvaluatorStepsFd + 1;
  const Descriptor socket(fcntl(child_socket, F_DUPFD_CLOEXEC, first_free));
  const Descriptor steps(fcntl(steps_fd, F_DUPFD_CLOEXEC, first_free));
  if (socket.get() < 0 || steps.get() < 0) return Failed("fcntl", errno);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  // Results alone go to standard output, and these are the parent's to print.
  if (fcntl(STDERR_FILENO, F_GETFD) >= 0) {
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  }
  posix_spawn_file_actions_adddup2(&actions, socket.get(), kEvaluatorSocketFd);
  posix_spawn_file_actions_adddup2(&actions, steps.get(), kEvaluatorStepsFd);
  posix_spawn_file_actions_addclosefrom_np(&actions, first_free);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::string words[] = {"starling", kEvaluatorWord, absl::StrCat(getpid())};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(),
                       nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, &attributes,
                                arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Failed(program.c_str(), error);
  pid_ = pid;
  return absl::OkStatus();
}

EvaluatorChild::~EvaluatorChild() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  munmap(steps_, kEvaluatorStepsBytes);
  close(socket_);
}

Death EvaluatorChild::Bury() {
  CHECK_GT(pid_, 0) << "was buried before";
  const Clock::time_point deadline = Clock::now() + kLingers;
  int wait_status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(pid_, &wait_status, WNOHANG)) == 0 ||
         (ended < 0 && errno == EINTR)) {
    if (Clock::now() >= deadline) kill(pid_, SIGKILL);
    poll(nullptr, 0, 1);
  }
  pid_ = -1;
  return Death(wait_status);
}

}  // namespace starling
