#include "deploy/cli/episode_trace.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/cli/csv.h"

namespace starling {
namespace {

// Brings actions within the bounds of a spec and remembers where it had to.
class Clipper {
 public:
  explicit Clipper(const v1::EnvSpec& spec) : spec_(spec) {}

  absl::Status Clip(int step, VectorRef action) {
    for (int i = 0; i < action.size(); ++i) {
      const float low = spec_.action_low(i), high = spec_.action_high(i);
      const float wanted = action[i];
      const std::string where =
          absl::StrCat("step ", step, ": action_", i, " = ", wanted);
      if (!std::isfinite(wanted)) {
        return absl::AbortedError(absl::StrCat(
            where,
            " is no number: the policy diverged; train it again with a "
            "smaller step"));
      }
      action[i] = std::clamp(wanted, low, high);
      if (action[i] != wanted && num_clipped_++ == 0) {
        first_ = absl::StrCat(where, " is not in [", low, ", ", high, "]");
      }
      if (spec_.num_choices() > 0 && action[i] != std::floor(action[i])) {
        return absl::InvalidArgumentError(
            absl::StrCat(where, " is not a choice: an integer in [0, ",
                         spec_.num_choices(), ")"));
      }
    }
    return absl::OkStatus();
  }

  void Warn() const {
    if (num_clipped_ == 0) return;
    LOG(WARNING) << "actions beyond the bounds were clipped, " << num_clipped_
                 << (num_clipped_ == 1 ? " value in all; " : " values in all, ")
                 << (num_clipped_ == 1 ? "" : "the first: ") << first_;
  }

 private:
  const v1::EnvSpec& spec_;
  int num_clipped_ = 0;
  std::string first_;
};

std::string Header(const Env& env) {
  const PhysicsState physics = env.physics_state();
  std::string line;
  AppendCsvNames("qpos", static_cast<int>(physics.qpos.size()), &line);
  AppendCsvNames("qvel", static_cast<int>(physics.qvel.size()), &line);
  AppendCsvNames("obs", static_cast<int>(env.spec().state_size()), &line);
  AppendCsvNames("action", static_cast<int>(env.spec().action_size()), &line);
  return absl::StrCat(line, ",reward,terminated,truncated\n");
}

// Appends each number and a comma.
template <typename Numbers>
void AppendCells(const Numbers& numbers, std::string* row) {
  for (const double number : numbers) {
    absl::StrAppendFormat(row, "%.17g,", number);
  }
}

// The cells of the state, each with a comma after it.
std::string StateCells(const Env& env) {
  const PhysicsState physics = env.physics_state();
  std::string row;
  AppendCells(physics.qpos, &row);
  AppendCells(physics.qvel, &row);
  AppendCells(env.observation().state, &row);
  return row;
}

}  // namespace

absl::Status TraceEpisode(Env& env, Rng rng, const ActionSource& next,
                          std::ostream& out) {
  const int action_size = static_cast<int>(env.spec().action_size());
  env.Reset(rng);
  out << Header(env) << StateCells(env) << std::string(action_size, ',')
      << ",0,0\n";

  Clipper clipper(env.spec());
  Eigen::VectorXf action(action_size);
  for (int step = 1;; ++step) {
    ASSIGN_OR_RETURN(const bool has_action, next(env.observation(), action));
    if (!has_action) break;
    RETURN_IF_ERROR(clipper.Clip(step, action));
    const StepResult result = env.Step(action);
    if (result.outcome == Outcome::kDiverged) {
      return absl::AbortedError(absl::StrCat(
          "step ", step, ": the physics diverged; the episode has no return"));
    }
    std::string row = StateCells(env);
    AppendCells(action, &row);
    AppendCells(absl::Span<const double>(&result.reward, 1), &row);
    out << row << (result.outcome == Outcome::kTerminated ? "1," : "0,")
        << (result.outcome == Outcome::kTruncated ? "1\n" : "0\n");
    if (result.outcome != Outcome::kRunning) break;
  }
  clipper.Warn();
  return absl::OkStatus();
}

}  // namespace starling
