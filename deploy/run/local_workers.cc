#include "deploy/run/local_workers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace starling {
namespace {

using std::chrono::milliseconds;

// Exit status of a worker that the aggregator refused.
constexpr int kRefused = 4;
// A worker that lived so long died for a new reason.
constexpr auto kLongLife = std::chrono::seconds(30);
constexpr int kHopeless = 10;  // failures in a row

// In the child, after fork: only what is safe there.
[[noreturn]] void BecomeWorker(const char* program, char* const* arguments,
                               int log_fd, pid_t parent) {
  // The child's end is tied to its parent's, which may have died already.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(75);
  // Ctrl-C is for the parent, which then sends its workers away.
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(log_fd, STDERR_FILENO);
  dup2(log_fd, STDOUT_FILENO);
  const int null_fd = open("/dev/null", O_RDONLY);
  if (null_fd >= 0) dup2(null_fd, STDIN_FILENO);
  execv(program, arguments);
  _exit(127);
}

bool WasKilled(int wait_status) {
  return WIFSIGNALED(wait_status) &&
         (WTERMSIG(wait_status) == SIGKILL || WTERMSIG(wait_status) == SIGTERM);
}

std::string DescribeDeath(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return absl::StrCat("was ended by ", strsignal(WTERMSIG(wait_status)));
  }
  return absl::StrCat("ended with status ", WEXITSTATUS(wait_status));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalWorkers>> LocalWorkers::Start(
    LocalWorkersOptions options) {
  CHECK_GE(options.count, 1);
  if (access(options.program.c_str(), X_OK) != 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot start workers: ", options.program, ": ", strerror(errno)));
  }
  auto workers =
      std::unique_ptr<LocalWorkers>(new LocalWorkers(std::move(options)));
  workers->wake_fd_ = eventfd(0, EFD_CLOEXEC);
  if (workers->wake_fd_ < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot start workers: eventfd: ", strerror(errno)));
  }
  // The thread that starts children must live as long as they: the kernel
  // counts a thread's end as the parent's death.
  workers->thread_ = std::thread([self = workers.get()] { self->Supervise(); });
  return workers;
}

LocalWorkers::LocalWorkers(LocalWorkersOptions options)
    : options_(std::move(options)), children_(options_.count) {
  for (int i = 0; i < options_.count; ++i) children_[i].index = i;
}

LocalWorkers::~LocalWorkers() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    CHECK_EQ(write(wake_fd_, &one, sizeof(one)),
             static_cast<ssize_t>(sizeof(one)));
    thread_.join();
  }
  if (wake_fd_ >= 0) close(wake_fd_);
}

absl::Status LocalWorkers::status() const {
  std::lock_guard<std::mutex> lock(mutex_);
  bool all_refused = true;
  for (const Child& child : children_) {
    const bool is_hopeless = child.failures_in_a_row >= kHopeless;
    if (!child.refused && !is_hopeless) return absl::OkStatus();
    all_refused = all_refused && child.refused;
  }
  if (all_refused) {
    return absl::FailedPreconditionError(
        absl::StrCat("the aggregator refused its own workers; see ",
                     options_.log_folder, "/worker-0.log"));
  }
  return absl::AbortedError(absl::StrCat(
      "the workers end ", kHopeless, " times in a row soon after their start; ",
      options_.log_folder,
      "/worker-0.log says why. Mend that, then the same command goes on"));
}

std::vector<pid_t> LocalWorkers::pids() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<pid_t> pids;
  for (const Child& child : children_) {
    if (child.pid > 0) pids.push_back(child.pid);
  }
  return pids;
}

void LocalWorkers::StartChild(Child& child) {
  const std::string log =
      absl::StrCat(options_.log_folder, "/worker-", child.index, ".log");
  const int log_fd =
      open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  std::vector<std::string> words = {
      options_.program, "worker",
      "--connect",      options_.address,
      "--slots",        "1",
      "--name",         absl::StrCat("worker-", child.index)};
  words.insert(words.end(), options_.arguments.begin(),
               options_.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    BecomeWorker(options_.program.c_str(), arguments.data(),
                 log_fd >= 0 ? log_fd : STDERR_FILENO, parent);
  }
  if (log_fd >= 0) close(log_fd);
  if (pid < 0) {
    LOG(WARNING) << "cannot start worker " << child.index << ": "
                 << strerror(errno) << "; trying again";
    child.start_at = Clock::now() + std::chrono::seconds(5);
    return;
  }
  child.pid = pid;
  child.pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  child.started = Clock::now();
}

void LocalWorkers::NoteDeath(Child& child, int wait_status) {
  if (child.pidfd >= 0) close(child.pidfd);
  child.pid = child.pidfd = -1;
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
    child.finished = true;
    return;
  }
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kRefused) {
    child.refused = true;
    return;
  }
  const Clock::time_point now = Clock::now();
  if (now - child.started > kLongLife) {
    child.deaths_in_a_row = child.failures_in_a_row = 0;
  }
  ++child.deaths_in_a_row;
  if (!WasKilled(wait_status)) ++child.failures_in_a_row;
  child.start_at =
      now + options_.pause *
                std::min(10, 1 << std::min(child.deaths_in_a_row - 1, 4));
  LOG(WARNING) << "worker " << child.index << " " << DescribeDeath(wait_status)
               << "; starting it again (its log: " << options_.log_folder
               << "/worker-" << child.index << ".log)";
}

void LocalWorkers::Supervise() {
  while (true) {
    std::vector<pollfd> watched = {{wake_fd_, POLLIN, 0}};
    int timeout_ms = -1;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const Clock::time_point now = Clock::now();
      for (Child& child : children_) {
        const bool wanted = !child.finished && !child.refused;
        if (child.pid < 0 && wanted && child.start_at <= now) {
          StartChild(child);
        }
        if (child.pidfd >= 0) watched.push_back({child.pidfd, POLLIN, 0});
        int wait_ms = -1;
        if (child.pid < 0 && wanted) {
          wait_ms =
              1 + static_cast<int>(std::chrono::duration_cast<milliseconds>(
                                       child.start_at - now)
                                       .count());
        } else if (child.pid > 0 && child.pidfd < 0) {
          wait_ms = 1000;  // a kernel without pidfd
        }
        if (wait_ms >= 0 && (timeout_ms < 0 || wait_ms < timeout_ms)) {
          timeout_ms = std::max(wait_ms, 1);
        }
      }
    }
    poll(watched.data(), watched.size(), timeout_ms);
    if (watched[0].revents != 0) break;

    std::lock_guard<std::mutex> lock(mutex_);
    for (Child& child : children_) {
      int wait_status = 0;
      if (child.pid > 0 && waitpid(child.pid, &wait_status, WNOHANG) > 0) {
        NoteDeath(child, wait_status);
      }
    }
  }
  EndChildren();
}

void LocalWorkers::EndChildren() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const Child& child : children_) {
    if (child.pid > 0) kill(child.pid, SIGTERM);
  }
  const Clock::time_point deadline = Clock::now() + options_.grace;
  for (Child& child : children_) {
    if (child.pid <= 0) continue;
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    pollfd watched = {child.pidfd, POLLIN, 0};
    if (child.pidfd < 0 ||
        poll(&watched, 1, std::max<int>(0, left.count())) <= 0) {
      kill(child.pid, SIGKILL);
    }
    waitpid(child.pid, nullptr, 0);
    if (child.pidfd >= 0) close(child.pidfd);
    child.pid = child.pidfd = -1;
  }
}

}  // namespace starling
