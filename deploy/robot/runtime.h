// A policy on a robot: one action a control cycle, whatever arrives.
//
// Pure logic with an injected clock. Not thread-safe. After Create nothing
// allocates.
#ifndef STARLING_DEPLOY_ROBOT_RUNTIME_H_
#define STARLING_DEPLOY_ROBOT_RUNTIME_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "base/vectors.h"
#include "policies/portable/portable_policy.h"
#include "proto/model.pb.h"

namespace starling {

struct SafetyRules {
  // [action_size] each, in the action's units; empty: the default.
  //
  // Sent whenever the policy can't answer for what it would do; within the
  // limits below. Default: zero, or the limit that is nearest to it.
  std::vector<float> safe_action;
  // Narrower bounds than the contract's. Default: the contract's.
  std::vector<float> low, high;
  // Largest change a second from one action to the policy's next; infinity, the
  // default: any. The safe action is sent at once.
  std::vector<float> max_rate;
  // Seconds after which an observation is too old to act on.
  double stale_after_s = std::numeric_limits<double>::infinity();
};

class RobotRuntime {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Why an action is what it is.
  enum class Source {
    kPolicy,
    // The policy's, changed by a rule.
    kLimited,
    // The safe action, because ..
    kNoObservation,
    kStale,
    kNotFinite,
    kNoAnswer,
  };
  struct Counts {
    uint64_t cycles = 0;
    uint64_t observations = 0;
    // Cycles with the safe action: no observation yet, too old, with a number
    // that is not finite, and a policy that answered one.
    uint64_t no_observation = 0, stale = 0, not_finite = 0, no_answer = 0;
    // Cycles in which a rule changed the policy's action.
    uint64_t range_limited = 0, rate_limited = 0;
  };

  // InvalidArgument: a rule of another length than the action, beyond the
  // contract's bounds or other rules, or a limit for choices, which have none.
  // Otherwise the errors of PortablePolicy::Create.
  static absl::StatusOr<RobotRuntime> Create(const v1::ExportedPolicy& model,
                                             SafetyRules rules);

  int state_size() const { return policy_.state_size(); }
  int action_size() const { return policy_.action_size(); }
  const std::vector<float>& safe_action() const { return rules_.safe_action; }

  // A raw observation [state_size] that arrived at `now`.
  void Observe(ConstVectorRef state, Time now);
  // A new episode: what was observed before it counts no more. Rates still do:
  // the robot is where it was.
  void Reset();
  // One control cycle: the action [action_size] to the newest observation.
  Source Act(Time now, VectorRef action);

  // The newest observation.
  const Eigen::VectorXf& observation() const { return state_; }
  const Counts& counts() const { return counts_; }

 private:
  RobotRuntime(PortablePolicy policy, SafetyRules rules);

  Source Decide(Time now, VectorRef action);
  // Whether a rule has changed it.
  bool Limit(Time now, VectorRef action);

  PortablePolicy policy_;
  SafetyRules rules_;
  Eigen::VectorXf state_;
  bool has_state_ = false;
  Time observed_;
  // What was sent last, and when.
  Eigen::VectorXf last_;
  bool has_last_ = false;
  Time acted_;
  Counts counts_;
};

}  // namespace starling

#endif  // STARLING_DEPLOY_ROBOT_RUNTIME_H_
