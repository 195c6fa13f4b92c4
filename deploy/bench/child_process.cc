#include "deploy/bench/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "deploy/bench/process_stats.h"

namespace starling {
namespace {

// No more is ever sent: a length beyond it is no length.
constexpr uint32_t kMaxMessageBytes = 16 << 20;

struct Header {
  int32_t code;
  uint32_t size;
};

bool WriteAll(int fd, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = write(fd, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    size -= written;
  }
  return true;
}

bool ReadAll(int fd, void* data, size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= got;
  }
  return true;
}

std::string DescribeEnd(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return absl::StrCat("was ended by ", strsignal(WTERMSIG(wait_status)));
  }
  return absl::StrCat("ended with status ", WEXITSTATUS(wait_status));
}

}  // namespace

void ChildPipe::Send(const std::string& message) { SendStatus(message); }

void ChildPipe::SendStatus(const absl::StatusOr<std::string>& message) {
  const std::string text =
      message.ok() ? *message : std::string(message.status().message());
  const Header header = {static_cast<int32_t>(message.status().code()),
                         static_cast<uint32_t>(text.size())};
  // A parent that has gone takes this process with it.
  if (WriteAll(out_, &header, sizeof(header))) {
    WriteAll(out_, text.data(), text.size());
  }
}

void ChildPipe::AwaitClose() {
  char byte;
  ReadAll(in_, &byte, 1);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const Body& body) {
  const int threads = NumThreads(getpid());
  if (threads != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("this process has ", threads,
                     " threads, a measurement must begin with one"));
  }
  int down[2], up[2];
  if (pipe2(down, O_CLOEXEC) != 0) {
    return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  }
  if (pipe2(up, O_CLOEXEC) != 0) {
    const int error = errno;
    close(down[0]);
    close(down[1]);
    return absl::UnavailableError(absl::StrCat("pipe: ", strerror(error)));
  }
  std::cout.flush();
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(75);
    signal(SIGPIPE, SIG_IGN);
    close(down[1]);
    close(up[0]);
    ChildPipe pipe(down[0], up[1]);
    const absl::StatusOr<std::string> answer = body(pipe);
    pipe.SendStatus(answer);
    // The parent's destructors and buffers are the parent's.
    _exit(answer.ok() ? 0 : 1);
  }
  const int error = errno;
  close(down[0]);
  close(up[1]);
  if (pid < 0) {
    close(down[1]);
    close(up[0]);
    return absl::UnavailableError(
        absl::StrCat("no process could be started: ", strerror(error)));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, up[0], down[1]));
}

ChildProcess::~ChildProcess() {
  CloseOut();
  close(in_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::StatusOr<std::string> ChildProcess::Receive() {
  Header header;
  std::string text;
  if (ReadAll(in_, &header, sizeof(header)) &&
      header.size <= kMaxMessageBytes) {
    text.resize(header.size);
    if (ReadAll(in_, text.data(), text.size())) {
      if (header.code == 0) return text;
      return absl::Status(static_cast<absl::StatusCode>(header.code), text);
    }
  }
  int wait_status = 0;
  while (waitpid(pid_, &wait_status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return absl::InternalError(
      absl::StrCat("a part of the measurement ", DescribeEnd(wait_status)));
}

absl::StatusOr<std::string> ChildProcess::Finish() {
  CloseOut();
  absl::StatusOr<std::string> last = Receive();
  if (pid_ > 0) {
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }
  return last;
}

void ChildProcess::CloseOut() {
  if (out_ >= 0) close(out_);
  out_ = -1;
}

}  // namespace starling
