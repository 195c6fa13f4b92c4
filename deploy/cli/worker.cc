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

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aggregator/run_directory.h"
#include "aggregator/service.h"
#include "base/channel.h"
#include "base/status.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/tls_flag.h"
#include "deploy/cli/verb.h"
#include "workers/fingerprint.h"
#include "workers/rollout_evaluator.h"

namespace starling {
namespace {

// An endpoint file, which the aggregator may write only later.
absl::StatusOr<v1::RunEndpoint> AwaitEndpoint(const std::string& file,
                                              double wait_s) {
  const absl::Time deadline = absl::Now() + absl::Seconds(wait_s);
  while (true) {
    const absl::StatusOr<v1::RunEndpoint> endpoint = ReadEndpoint(file);
    if (endpoint.ok()) return endpoint;
    if (absl::Now() >= deadline) return endpoint.status();
    absl::SleepFor(absl::Milliseconds(100));
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
    tls_.Declare(app);
    AddInteger(app, "--slots", &slots_, 1, 1024, "evaluator threads");
    AddNumber(app, "--wait", &wait_s_, 0, 86400,
              "seconds to wait for the endpoint file");
    AddNumber(app, "--give_up_after", &give_up_s_, 0, 1e9,
              "seconds without an answer after which it ends; 0: never");
    AddNumber(app, "--grace", &grace_s_, 0, 3600,
              "seconds to finish begun units at SIGTERM");
  }

  absl::Status Run() override {
    if (address_.empty() == endpoint_file_.empty()) {
      return absl::InvalidArgumentError(
          "say where the aggregator is: --connect ADDR or --endpoint_file "
          "RUN/endpoint");
    }
    v1::RunEndpoint endpoint;
    if (address_.empty()) {
      ASSIGN_OR_RETURN(endpoint, AwaitEndpoint(endpoint_file_, wait_s_));
      address_ = endpoint.address();
    }
    endpoint.set_address(address_);
    RETURN_IF_ERROR(CheckAddress(address_));
    ASSIGN_OR_RETURN(auto credentials, tls_.Credentials(endpoint));
    // Software GL would start threads of its own beside the slots.
    setenv("LP_NUM_THREADS", "0", /*overwrite=*/0);

    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
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
    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    options.host = host;
    options.pid = getpid();
    options.make_evaluator = RolloutEvaluators();
    options.fingerprint = ComputeFingerprint;
    options.contact.give_up_after =
        std::chrono::milliseconds(static_cast<int64_t>(give_up_s_ * 1000));
    options.grace =
        std::chrono::milliseconds(static_cast<int64_t>(grace_s_ * 1000));
    return options;
  }

  std::string address_;
  std::string endpoint_file_;
  TlsFlag tls_;
  int slots_ = 1;
  double wait_s_ = 0;
  double give_up_s_ = 0;
  double grace_s_ = 20;
};

STARLING_REGISTER_VERB(
    worker, WorkerVerb,
    {"worker",
     VerbGroup::kCluster,
     "Works for an aggregator until its run is over.",
     {"starling worker --connect 127.0.0.1:7070 --slots 2",
      "starling worker --endpoint_file runs/swimmer/endpoint --wait 60"}});

}  // namespace
}  // namespace starling
