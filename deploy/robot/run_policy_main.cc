// run_policy: an exported policy in a robot's control loop.
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/cli/exit_code.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/robot/link.h"
#include "deploy/robot/loop.h"
#include "deploy/robot/recording.h"
#include "deploy/robot/runtime.h"
#include "policies/portable/strlp.h"

namespace starling {
namespace {

std::atomic<bool> stop{false};

struct Flags {
  std::string policy;
  std::string listen = "-";
  std::string wire = "text";
  bool lockstep = false;
  double period_s = 0, stale_after_s = 0;
  std::string safe_action, low, high, max_rate;
  std::string log;
  int cycles = 0;
  bool insecure_network = false;
  bool json = false;
};

void Declare(CLI::App& app, Flags* flags) {
  AddPositional(app, "POLICY", &flags->policy,
                "An exported policy, NAME.strlp of `starling export`.");
  AddText(app, "--listen", &flags->listen, "ADDR",
          "Where observations come in and actions go out: - (standard input "
          "and output), unix:PATH, or udp:HOST:PORT. Default: -.");
  AddChoice(app, "--wire", &flags->wire, {"text", "binary"},
            "text: a line of numbers with commas between. binary: 32-bit "
            "floats, little-endian.");
  app.add_flag("--lockstep", flags->lockstep,
               "Answer each observation at once; else one action a period.");
  AddNumber(app, "--period", &flags->period_s, 1e-5, 3600,
            "Seconds between two actions. Default: the contract's.");
  AddNumber(app, "--stale_after", &flags->stale_after_s, 1e-6, 3600,
            "Seconds after which an observation is too old to act on: the safe "
            "action is sent. Default: three periods.");
  AddText(app, "--safe_action", &flags->safe_action, "A,B,..",
          "Sent where the policy can't answer. Default: zeros, or the bounds "
          "that are nearest.");
  AddText(app, "--low", &flags->low, "A,B,..", "Bounds within the contract's.");
  AddText(app, "--high", &flags->high, "A,B,..",
          "Bounds within the contract's.");
  AddText(app, "--max_rate", &flags->max_rate, "A,B,..",
          "Largest change a second of each action; inf: any.");
  AddText(app, "--log", &flags->log, "F.csv",
          "A new file for observations and actions; `starling act "
          "--observations` replays it.");
  AddInteger(app, "--cycles", &flags->cycles, 0, 2000000000,
             "End after so many actions; 0: when the observations end.");
  app.add_flag("--insecure_network", flags->insecure_network,
               "Listen on an address that other hosts reach. Nothing checks "
               "who they are.");
  app.add_flag("--json", flags->json,
               "Print the report as JSON: on standard output, or on standard "
               "error where the actions go there.");
  app.footer(
      "Examples:\n"
      "  printf '0,0.1,0,0\\n' | run_policy pole.strlp --lockstep\n"
      "  run_policy pole.strlp --listen unix:/tmp/pole.sock --log pole.csv\n");
}

absl::StatusOr<std::vector<float>> Numbers(const std::string& text,
                                           const char* flag) {
  std::vector<float> numbers;
  if (text.empty()) return numbers;
  for (const absl::string_view cell : absl::StrSplit(text, ',')) {
    float number;
    if (!absl::SimpleAtof(cell, &number)) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, ": \"", cell,
                       "\" is no number; expected numbers with commas "
                       "between"));
    }
    numbers.push_back(number);
  }
  return numbers;
}

// A quantile is the end of its class, which may lie beyond the worst.
double LatenessMs(const LoopReport& report, double q) {
  return 1e3 * std::min(report.lateness.Quantile(q), report.worst_lateness_s);
}
double ComputeUs(const LoopReport& report, double q) {
  return 1e6 * std::min(1e-3 * report.thousandfold_compute.Quantile(q),
                        report.worst_compute_s);
}

void Report(const Flags& flags, const RobotRuntime& runtime,
            const LoopReport& report) {
  const RobotRuntime::Counts& counts = runtime.counts();
  const auto cycles = std::max<double>(1, static_cast<double>(counts.cycles));
  JsonObject json;
  json.Set("cycles", counts.cycles)
      .Set("observations", counts.observations)
      .Set("malformed", report.malformed)
      .Set("no_observation", counts.no_observation)
      .Set("stale", counts.stale)
      .Set("not_finite", counts.not_finite)
      .Set("no_answer", counts.no_answer)
      .Set("range_limited", counts.range_limited)
      .Set("rate_limited", counts.rate_limited)
      .Set("late_cycles", report.late)
      .Set("missed_cycles", report.missed)
      .Set("lateness_p50_ms", LatenessMs(report, 0.5))
      .Set("lateness_p99_ms", LatenessMs(report, 0.99))
      .Set("lateness_worst_ms", 1e3 * report.worst_lateness_s)
      .Set("jitter_ms", 1e3 * report.jitter_s())
      .Set("compute_mean_us", 1e6 * report.total_compute_s / cycles)
      .Set("compute_p50_us", ComputeUs(report, 0.5))
      .Set("compute_p99_us", ComputeUs(report, 0.99))
      .Set("compute_worst_us", 1e6 * report.worst_compute_s);
  if (flags.json) {
    // A result, unless that is where the actions went.
    (flags.listen == "-" ? std::cerr : std::cout) << json.text() << "\n";
    return;
  }
  std::cerr << absl::StrFormat(
      "%d actions to %d observations; %d malformed\n"
      "safe action: %d without observation, %d stale, %d not finite, %d "
      "without answer\n"
      "limited: %d in range, %d in rate\n"
      "an action took %.3g us (median), %.3g us (99 %%), %.3g us at most\n",
      counts.cycles, counts.observations, report.malformed,
      counts.no_observation, counts.stale, counts.not_finite, counts.no_answer,
      counts.range_limited, counts.rate_limited, ComputeUs(report, 0.5),
      ComputeUs(report, 0.99), 1e6 * report.worst_compute_s);
  if (report.lateness.count() > 0) {
    std::cerr << absl::StrFormat(
        "late by %.3g ms (median), %.3g ms (99 %%), %.3g ms at most; jitter "
        "%.3g ms; %d cycles late, %d missed\n",
        LatenessMs(report, 0.5), LatenessMs(report, 0.99),
        1e3 * report.worst_lateness_s, 1e3 * report.jitter_s(), report.late,
        report.missed);
  }
}

absl::Status Run(const Flags& flags) {
  RETURN_IF_ERROR(CheckCpu());
  auto read = ReadStrlp(flags.policy);
  if (!read.ok()) return AsDataError(read.status());
  const v1::ExportedPolicy& model = *read;
  if (model.contract().observations_size() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.policy,
                     ": this policy reads no observation; there is nothing "
                     "to control"));
  }
  LoopRules rules;
  if (!flags.lockstep) {
    rules.period_s = flags.period_s > 0 ? flags.period_s
                                        : model.contract().control_period_s();
    if (!(rules.period_s > 0)) {
      return absl::InvalidArgumentError(absl::StrCat(
          flags.policy,
          ": its contract has no control period; give --period or --lockstep"));
    }
  } else if (flags.period_s > 0) {
    return absl::InvalidArgumentError(
        "--lockstep answers at once and has no --period");
  }
  rules.max_cycles = static_cast<uint64_t>(flags.cycles);
  rules.silence_s = flags.stale_after_s;
  SafetyRules safety;
  if (flags.stale_after_s > 0) {
    safety.stale_after_s = flags.stale_after_s;
  } else if (rules.period_s > 0) {
    safety.stale_after_s = 3 * rules.period_s;
  }
  ASSIGN_OR_RETURN(safety.safe_action,
                   Numbers(flags.safe_action, "--safe_action"));
  ASSIGN_OR_RETURN(safety.low, Numbers(flags.low, "--low"));
  ASSIGN_OR_RETURN(safety.high, Numbers(flags.high, "--high"));
  ASSIGN_OR_RETURN(safety.max_rate, Numbers(flags.max_rate, "--max_rate"));
  ASSIGN_OR_RETURN(RobotRuntime runtime, RobotRuntime::Create(model, safety));
  std::vector<std::string> names;
  for (const v1::Channel& channel : model.contract().observations()) {
    names.push_back(channel.name());
  }
  ASSIGN_OR_RETURN(
      Link link,
      Link::Open(flags.listen,
                 flags.wire == "binary" ? Wire::kBinary : Wire::kText,
                 std::move(names), flags.insecure_network));
  std::optional<Recording> recording;
  if (!flags.log.empty()) {
    ASSIGN_OR_RETURN(Recording made,
                     Recording::Create(flags.log, runtime.state_size(),
                                       runtime.action_size()));
    recording.emplace(std::move(made));
  }
  if (link.address() != "-") {
    std::cerr << "listening on " << link.address() << "\n";
  }
  ASSIGN_OR_RETURN(
      const LoopReport report,
      RunLoop(rules, stop, &runtime, &link, recording ? &*recording : nullptr));
  Report(flags, runtime, report);
  return recording ? recording->Close() : absl::OkStatus();
}

int Main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  CLI::App app(
      "Runs an exported policy in a control loop: raw observations in, actions "
      "out.",
      "run_policy");
  Flags flags;
  Declare(app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error, std::cout, std::cerr);
    return status == 0 ? 0 : 2;
  }
  // They arrive while the loop waits, and only then.
  sigset_t ends;
  sigemptyset(&ends);
  struct sigaction action = {};
  action.sa_handler = [](int) { stop = true; };
  for (const int signal : {SIGINT, SIGTERM}) {
    sigaddset(&ends, signal);
    sigaction(signal, &action, nullptr);
  }
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // To the point: else Linux wakes it up to 50 us late.
  prctl(PR_SET_TIMERSLACK, 1);
  const absl::Status status = Run(flags);
  if (!status.ok()) {
    std::cerr << "run_policy: error: " << status.message() << "\n";
  }
  return ExitCode(status.code());
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) { return starling::Main(argc, argv); }
