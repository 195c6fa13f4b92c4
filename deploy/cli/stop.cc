// starling stop: ends a live run after saving, as a signal would.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "aggregator/run_directory.h"
#include "aggregator/run_lock.h"
#include "base/status.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/live_run.h"
#include "deploy/cli/verb.h"
#include "deploy/inspect/describe.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery(100);
// After the grace: for a last checkpoint on a slow disk.
constexpr double kSaving_s = 120;

class Stop : public Verb {
 public:
  void Declare(CLI::App& app) override {
    run_.Declare(app);
    AddNumber(app, "--grace", &grace_s_, 0, 3600,
              "seconds to wait for results that are under way");
    app.add_flag("--no_wait", no_wait_,
                 "Returns at once instead of when the run has ended.");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                     run_.Connect());
    v1::StopRequest request;
    request.set_grace_s(grace_s_);
    RETURN_IF_ERROR(client->Stop(request));
    if (no_wait_) {
      std::cout << run_.path() << " is stopping\n";
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(AwaitEnd(*client));
    ASSIGN_OR_RETURN(const RunDescription run, DescribeRun(run_.path()));
    if (run.state.has_value() && run.state->finished) {
      std::cout << run_.path() << " has finished\n";
    } else {
      std::cout << run_.path() << " has stopped at generation "
                << (run.state.has_value() ? run.state->generation : 0)
                << "; the command that started it goes on with it\n";
    }
    return absl::OkStatus();
  }

 private:
  // Until the aggregator has given the directory back.
  absl::Status AwaitEnd(ControlClient& client) const {
    const RunPaths paths(run_.path());
    const auto deadline =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(grace_s_ + kSaving_s));
    std::error_code error;
    while (std::filesystem::exists(paths.endpoint, error)) {
      const absl::StatusOr<v1::StatusReply> status = client.GetStatus();
      if (status.ok() && status->phase() == v1::StatusReply::FAILED) {
        return absl::AbortedError(absl::StrCat(
            run_.path(), " has failed; the output of its aggregator says why"));
      }
      // It removes the file before it gives the lock back.
      if (!status.ok() && !RunLock::FindHolder(paths.lock).has_value() &&
          std::filesystem::exists(paths.endpoint, error)) {
        return absl::UnavailableError(absl::StrCat(
            "the aggregator of ", run_.path(),
            " was killed while it stopped: ", status.status().message(),
            ". The command that started the run goes on with it"));
      }
      if (Clock::now() > deadline) {
        return absl::DeadlineExceededError(absl::StrCat(
            run_.path(), " is still stopping after ", grace_s_ + kSaving_s,
            " s: is its disk full? `starling status` says"));
      }
      std::this_thread::sleep_for(kLookEvery);
    }
    return absl::OkStatus();
  }

  LiveRun run_;
  double grace_s_ = 20;
  bool no_wait_ = false;
};

STARLING_REGISTER_VERB(
    stop, Stop,
    {"stop",
     VerbGroup::kLive,
     "Ends a live run after saving; the same command goes on with it.",
     {"starling stop runs/swimmer",
      "starling stop runs/swimmer --grace 5 --no_wait"}});

}  // namespace
}  // namespace starling
