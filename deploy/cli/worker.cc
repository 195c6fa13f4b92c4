// `starling worker`: a worker of any run, started anywhere, any time.

#include "workers/worker.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/run_directory.h"
#include "aggregator/service.h"
#include "base/channel.h"
#include "base/protocol.h"
#include "base/status.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/tls_flag.h"
#include "deploy/cli/verb.h"
#include "workers/fingerprint.h"
#include "workers/isolated_evaluator.h"
#include "workers/rollout_evaluator.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

// An endpoint file, which the aggregator may write only later.
// Cancelled: one of the signals, which are blocked, came first.
absl::StatusOr<v1::RunEndpoint> AwaitEndpoint(const std::string& file,
                                              double wait_s,
                                              const sigset_t& signals) {
  const Clock::time_point began = Clock::now();
  while (true) {
    const absl::StatusOr<v1::RunEndpoint> endpoint = ReadEndpoint(file);
    if (endpoint.ok()) return endpoint;
    if (Clock::now() - began >= std::chrono::duration<double>(wait_s)) {
      return endpoint.status();
    }
    const timespec pause = {0, 100'000'000};
    if (sigtimedwait(&signals, nullptr, &pause) > 0) {
      return absl::CancelledError(
          absl::StrCat("stopped while it waited for ", file));
    }
  }
}

class WorkerVerb : public Verb {
 public:
  void Declare(CLI::App& app) override {
    CLI::Option* connect = AddText(app, "--connect", &address_, "ADDR",
                                   "the aggregator: HOST:PORT or unix:PATH");
    CLI::Option* file =
        AddText(app, "--endpoint_file", &endpoint_file_, "FILE",
                "a run's endpoint file, which holds the address");
    connect->excludes(file);
    AddText(app, "--name", &name_, "NAME",
            "what `status` and `drain` call this worker (default: HOST-PID)");
    tls_.Declare(app);
    AddInteger(app, "--slots", &slots_, 1, 1024, "evaluator threads");
    AddNumber(app, "--wait", &wait_s_, 0, 86400,
              "seconds to wait for the endpoint file");
    AddNumber(app, "--give_up_after", &give_up_s_, 0, 1e9,
              "seconds without an answer after which it ends; 0: never");
    AddNumber(app, "--grace", &grace_s_, 0, 3600,
              "seconds to finish begun units at SIGTERM");
    AddChoice(app, "--isolate", &isolate_, {"on", "off"},
              "evaluators in processes of their own, which may crash");
    AddNumber(app, "--step_timeout", &step_timeout_s_, 0.1, 86400,
              "seconds without an environment step after which a unit is "
              "stuck");
  }

  absl::Status Run() override {
    if (address_.empty() == endpoint_file_.empty()) {
      return absl::InvalidArgumentError(
          "say where the aggregator is: --connect ADDR or --endpoint_file "
          "RUN/endpoint");
    }
    if (!name_.empty() && !IsPlainName(name_)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--name must be 1 to ", kMaxNameBytes,
                       " of [A-Za-z0-9._-], got '", name_, "'"));
    }
    // Software GL would start threads of its own beside the slots.
    setenv("LP_NUM_THREADS", "0", /*overwrite=*/0);

    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    v1::RunEndpoint endpoint;
    if (address_.empty()) {
      ASSIGN_OR_RETURN(endpoint,
                       AwaitEndpoint(endpoint_file_, wait_s_, signals));
      address_ = endpoint.address();
    }
    endpoint.set_address(address_);
    RETURN_IF_ERROR(CheckAddress(address_));
    ASSIGN_OR_RETURN(auto credentials, tls_.Credentials(endpoint));
    Worker worker(ConnectToAggregator(address_, credentials), Options());
    // Ends with the signal that the main thread sends it, or one from outside.
    std::thread stopper([&] {
      int signal = 0;
      sigwait(&signals, &signal);
      worker.Stop();
    });
    const absl::Status status = worker.Run();
    pthread_kill(stopper.native_handle(), SIGTERM);
    stopper.join();
    return status;
  }

 private:
  WorkerOptions Options() const {
    WorkerOptions options;
    options.address = address_;
    options.endpoint_file = endpoint_file_;
    options.tls_folder = tls_.folder();
    options.slots = slots_;
    options.name = name_;
    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    options.host = host;
    options.pid = getpid();
    options.step_timeout = Milliseconds(step_timeout_s_);
    if (isolate_ == "on") {
      IsolationOptions isolation;
      isolation.step_timeout = options.step_timeout;
      options.make_evaluator = IsolatedEvaluators(std::move(isolation));
    } else {
      options.make_evaluator = RolloutEvaluators();
    }
    options.fingerprint = ComputeFingerprint;
    options.contact.give_up_after = Milliseconds(give_up_s_);
    options.grace = Milliseconds(grace_s_);
    return options;
  }
  static std::chrono::milliseconds Milliseconds(double seconds) {
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  }

  std::string address_;
  std::string endpoint_file_;
  std::string name_;
  TlsFlag tls_;
  int slots_ = 1;
  double wait_s_ = 0;
  double give_up_s_ = 0;
  double grace_s_ = 20;
  std::string isolate_ = "on";
  double step_timeout_s_ = 60;
};

STARLING_REGISTER_VERB(
    worker, WorkerVerb,
    {"worker",
     VerbGroup::kCluster,
     "Works for an aggregator until its run is over.",
     {"starling worker --connect 127.0.0.1:7070 --slots 2 --name node7",
      "starling worker --endpoint_file runs/swimmer/endpoint --wait 60"}});

}  // namespace
}  // namespace starling
