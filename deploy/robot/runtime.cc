#include "deploy/robot/runtime.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

namespace starling {
namespace {

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// `rule` has a number for each action, or none.
absl::Status CheckLength(const std::vector<float>& rule, const char* name,
                         int action_size) {
  if (rule.empty() || static_cast<int>(rule.size()) == action_size) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      name, ": ", rule.size(), " numbers for ", action_size, " actions"));
}

absl::Status OutOfBounds(const char* name, const v1::Channel& action,
                         float value, const char* whose, float low,
                         float high) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, " of action ", action.name(), " is ", value, "; by ",
                   whose, " the action is in [", low, ", ", high, "]"));
}

// Choices have no order: no limit and no rate, and no choice between two.
absl::Status CheckChoice(const SafetyRules& rules) {
  if (!rules.low.empty() || !rules.high.empty() || !rules.max_rate.empty()) {
    return absl::InvalidArgumentError(
        "this policy chooses one of several actions: limits and rates mean "
        "nothing to it, only a safe action does");
  }
  for (const float choice : rules.safe_action) {
    if (choice != std::floor(choice)) {
      return absl::InvalidArgumentError(
          absl::StrCat("safe action: ", choice,
                       " is no choice; they are 0, 1, "
                       ".."));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RobotRuntime> RobotRuntime::Create(
    const v1::ExportedPolicy& model, SafetyRules rules) {
  ASSIGN_OR_RETURN(PortablePolicy policy, PortablePolicy::Create(model));
  const int size = policy.action_size();
  RETURN_IF_ERROR(CheckLength(rules.safe_action, "safe action", size));
  RETURN_IF_ERROR(CheckLength(rules.low, "lower limit", size));
  RETURN_IF_ERROR(CheckLength(rules.high, "upper limit", size));
  RETURN_IF_ERROR(CheckLength(rules.max_rate, "largest rate", size));
  if (model.contract().num_choices() > 0) RETURN_IF_ERROR(CheckChoice(rules));
  const bool has_low = !rules.low.empty(), has_high = !rules.high.empty();
  const bool has_safe = !rules.safe_action.empty();
  rules.low.resize(size);
  rules.high.resize(size);
  rules.safe_action.resize(size);
  for (int i = 0; i < size; ++i) {
    const v1::Channel& action = model.contract().actions(i);
    const auto within = [&action](float value) {
      return value >= action.low() && value <= action.high();
    };
    if (!has_low) rules.low[i] = action.low();
    if (!has_high) rules.high[i] = action.high();
    if (!within(rules.low[i])) {
      return OutOfBounds("the lower limit", action, rules.low[i],
                         "the policy's contract", action.low(), action.high());
    }
    if (!within(rules.high[i])) {
      return OutOfBounds("the upper limit", action, rules.high[i],
                         "the policy's contract", action.low(), action.high());
    }
    if (rules.low[i] > rules.high[i]) {
      return absl::InvalidArgumentError(
          absl::StrCat("the limits of action ", action.name(), " are ",
                       rules.low[i], " to ", rules.high[i]));
    }
    if (!has_safe) {
      rules.safe_action[i] = std::clamp(0.0f, rules.low[i], rules.high[i]);
    }
    const float safe = rules.safe_action[i];
    if (!(safe >= rules.low[i] && safe <= rules.high[i]) ||
        !std::isfinite(safe)) {
      return OutOfBounds(
          "the safe action", action, safe,
          has_low || has_high ? "the limits given" : "the policy's contract",
          rules.low[i], rules.high[i]);
    }
  }
  for (const float rate : rules.max_rate) {
    if (!(rate > 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("largest rate: ", rate, "; it must be above 0"));
    }
  }
  if (!(rules.stale_after_s > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("an observation is too old after ", rules.stale_after_s,
                     " s; it must be above 0"));
  }
  return RobotRuntime(std::move(policy), std::move(rules));
}

RobotRuntime::RobotRuntime(PortablePolicy policy, SafetyRules rules)
    : policy_(std::move(policy)),
      rules_(std::move(rules)),
      state_(Eigen::VectorXf::Zero(policy_.state_size())),
      last_(Eigen::VectorXf::Zero(policy_.action_size())) {}

void RobotRuntime::Observe(ConstVectorRef state, Time now) {
  CHECK_EQ(state.size(), state_.size());
  state_ = state;
  has_state_ = true;
  observed_ = now;
  ++counts_.observations;
}

void RobotRuntime::Reset() {
  policy_.Reset();
  has_state_ = false;
}

RobotRuntime::Source RobotRuntime::Act(Time now, VectorRef action) {
  CHECK_EQ(action.size(), last_.size());
  ++counts_.cycles;
  Source source = Decide(now, action);
  if (source == Source::kPolicy) {
    if (Limit(now, action)) source = Source::kLimited;
  } else {
    action = Eigen::Map<const Eigen::VectorXf>(rules_.safe_action.data(),
                                               action.size());
  }
  last_ = action;
  has_last_ = true;
  acted_ = now;
  return source;
}

RobotRuntime::Source RobotRuntime::Decide(Time now, VectorRef action) {
  if (!has_state_) {
    ++counts_.no_observation;
    return Source::kNoObservation;
  }
  if (Seconds(now - observed_) > rules_.stale_after_s) {
    ++counts_.stale;
    return Source::kStale;
  }
  if (!state_.allFinite()) {
    ++counts_.not_finite;
    return Source::kNotFinite;
  }
  policy_.Act(state_, action);
  if (!action.allFinite()) {
    ++counts_.no_answer;
    return Source::kNoAnswer;
  }
  return Source::kPolicy;
}

bool RobotRuntime::Limit(Time now, VectorRef action) {
  bool range = false, rate = false;
  for (int i = 0; i < action.size(); ++i) {
    const float wanted = action[i];
    action[i] = std::clamp(wanted, rules_.low[i], rules_.high[i]);
    range |= action[i] != wanted;
    if (rules_.max_rate.empty() || !has_last_) continue;
    const auto step =
        static_cast<float>(rules_.max_rate[i] * Seconds(now - acted_));
    // Between the last action and what is wanted: within the limits as they.
    const float allowed =
        std::clamp(action[i], last_[i] - step, last_[i] + step);
    rate |= allowed != action[i];
    action[i] = allowed;
  }
  counts_.range_limited += range ? 1 : 0;
  counts_.rate_limited += rate ? 1 : 0;
  return range || rate;
}

}  // namespace starling
