#include "workers/evaluator_process.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "proto/evaluator.pb.h"
#include "workers/frames.h"

namespace starling {
namespace {

constexpr int kNotStartedByASlot = 2;
constexpr int kInternalError = 70;
// A PolicyState may be large, but not as large as this.
constexpr size_t kMaxRequestBytes = size_t{1} << 30;

bool WaitForEver(short events) {
  pollfd watched = {kEvaluatorSocketFd, events, 0};
  return poll(&watched, 1, -1) >= 0 || errno == EINTR;
}

void SetSignals() {
  // For the parent, which ends its children itself.
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE}) {
    signal(number, SIG_IGN);
  }
  // Whatever a sanitizer does with these: the parent wants to see them.
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    signal(number, SIG_DFL);
  }
  // An environment that crashes does so often: that must not fill the disk.
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

bool IsSocket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

// Serves until the parent has gone or talks nonsense.
absl::Status Serve(FrameSocket& socket, const EvaluatorFactory& make) {
  v1::EvaluatorRequest request;
  v1::EvaluatorReply reply;
  absl::Status status = socket.Receive(&request);
  if (!status.ok()) return status;
  auto evaluator = make(request.experiment());
  if (!evaluator.ok()) {
    reply.mutable_fault()->set_code(
        static_cast<int32_t>(evaluator.status().code()));
    reply.mutable_fault()->set_message(
        std::string(evaluator.status().message()));
    return socket.Send(reply);
  }
  *reply.mutable_env_spec() = (*evaluator)->env_spec();
  status = socket.Send(reply);
  while (status.ok()) {
    status = socket.Receive(&request);
    if (!status.ok()) break;
    if (request.has_state()) {
      (*evaluator)->SetState(std::make_shared<v1::PolicyState>(
          std::move(*request.mutable_state())));
    } else if (request.has_unit()) {
      *reply.mutable_result() = (*evaluator)->Evaluate(request.unit());
      status = socket.Send(reply);
    } else {
      return absl::DataLossError("a request of an unknown kind");
    }
  }
  return status;
}

}  // namespace

int RunEvaluatorProcess(int argc, const char* const* argv,
                        const CountedEvaluators& evaluators) {
  if (argc != 3 || !IsSocket(kEvaluatorSocketFd)) {
    std::fprintf(stderr,
                 "starling: error: `%s` is for workers, which start it "
                 "themselves; see starling worker --help\n",
                 kEvaluatorWord);
    return kNotStartedByASlot;
  }
  // A parent that died before this line is not our parent any more.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != std::atoi(argv[2])) return 0;
  SetSignals();
  void* memory = mmap(nullptr, kEvaluatorStepsBytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED, kEvaluatorStepsFd, 0);
  if (memory == MAP_FAILED) return kInternalError;
  close(kEvaluatorStepsFd);
  FrameSocket socket(kEvaluatorSocketFd, kMaxRequestBytes, WaitForEver);
  const absl::Status status =
      Serve(socket, evaluators(static_cast<std::atomic<uint64_t>*>(memory)));
  if (status.ok() || absl::IsUnavailable(status)) return 0;
  LOG(ERROR) << "evaluator process: " << status;
  return kInternalError;
}

}  // namespace starling
