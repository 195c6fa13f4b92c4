// What the verbs share that look at or steer a live run.
#ifndef STARLING_DEPLOY_CLI_LIVE_RUN_H_
#define STARLING_DEPLOY_CLI_LIVE_RUN_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "aggregator/control_client.h"
#include "deploy/cli/tls_flag.h"

namespace CLI {
class App;
}

namespace starling {

// The argument RUN and the flags --timeout and --tls.
class LiveRun {
 public:
  // `timeout_s`: the default.
  explicit LiveRun(double timeout_s = 10) : timeout_s_(timeout_s) {}

  void Declare(CLI::App& app);
  const std::string& path() const { return run_; }
  // ControlClient::Connect.
  absl::StatusOr<std::unique_ptr<ControlClient>> Connect() const {
    return ControlClient::Connect(
        run_,
        std::chrono::milliseconds(static_cast<int64_t>(timeout_s_ * 1000)),
        [this](const v1::RunEndpoint& endpoint) {
          return tls_.Credentials(endpoint);
        });
  }

 private:
  std::string run_;
  double timeout_s_;
  TlsFlag tls_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_LIVE_RUN_H_
