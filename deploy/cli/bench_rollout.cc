// starling bench rollout: how fast are episodes, beside the bare engine?
#include <iostream>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "deploy/bench/rollout_bench.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/json.h"
#include "deploy/cli/verb.h"
#include "envs/env.h"

namespace starling {
namespace {

class BenchRollout : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddText(app, "--env", &env_, "NAME", "The environment.")->required();
    AddNumber(app, "--seconds", &seconds_, 0.1, 3600, "How long to measure.");
    app.add_flag("--json", json_, "Prints one JSON object.");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const v1::EnvConfig config, EnvRegistry::Default(env_));
    ASSIGN_OR_RETURN(const RolloutBench result,
                     MeasureRollouts(config, seconds_));
    if (json_) {
      JsonObject object;
      object.Set("env", result.env)
          .Set("steps_per_s", result.steps_per_s)
          .Set("bare_steps_per_s", result.bare_steps_per_s)
          .Set("ratio", result.ratio);
      std::cout << object.text() << "\n";
    } else {
      std::cout << absl::StrFormat(
          "%s, one thread: %.0f control steps/s; the bare engine %.0f; ratio "
          "%.3f\n",
          result.env, result.steps_per_s, result.bare_steps_per_s,
          result.ratio);
    }
    return absl::OkStatus();
  }

 private:
  std::string env_;
  double seconds_ = 5;
  bool json_ = false;
};

STARLING_REGISTER_VERB(
    bench_rollout, BenchRollout,
    {"bench rollout",
     VerbGroup::kMachine,
     "Measures episodes against the bare physics engine.",
     {"starling bench rollout --env half_cheetah --seconds 2",
      "starling bench rollout --env hopper --seconds 2 --json"}});

}  // namespace
}  // namespace starling
