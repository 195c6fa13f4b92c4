#include "deploy/robot/loop.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Clock::duration Duration(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(seconds));
}

// As a column of a recording says it.
const char* Text(RobotRuntime::Source source) {
  switch (source) {
    case RobotRuntime::Source::kPolicy:
      return "policy";
    case RobotRuntime::Source::kLimited:
      return "limited";
    case RobotRuntime::Source::kNoObservation:
      return "no_observation";
    case RobotRuntime::Source::kStale:
      return "stale";
    case RobotRuntime::Source::kNotFinite:
      return "not_finite";
    case RobotRuntime::Source::kNoAnswer:
      return "no_answer";
  }
  return "";
}

class Loop {
 public:
  Loop(const LoopRules& rules, const std::atomic<bool>& stop,
       RobotRuntime* runtime, Link* link, Recording* recording)
      : rules_(rules),
        stop_(stop),
        runtime_(*runtime),
        link_(*link),
        recording_(recording),
        observation_(Eigen::VectorXf::Zero(runtime->state_size())),
        action_(Eigen::VectorXf::Zero(runtime->action_size())) {}

  absl::StatusOr<LoopReport> Run() {
    if (rules_.period_s > 0) {
      AtFixedRate();
    } else {
      OneByOne();
    }
    if (!wrong_names_.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("observations: ", wrong_names_));
    }
    action_ = Eigen::Map<const Eigen::VectorXf>(runtime_.safe_action().data(),
                                                action_.size());
    link_.Send(action_);
    return report_;
  }

 private:
  bool IsOver() const {
    return ended_ || stop_ ||
           (rules_.max_cycles > 0 &&
            runtime_.counts().cycles >= rules_.max_cycles);
  }

  void AtFixedRate() {
    const Clock::duration period = Duration(rules_.period_s);
    Clock::time_point next = Clock::now() + period;
    while (!IsOver()) {
      // What comes until then; a flood of it must not delay the cycle.
      do {
        Take(link_.Receive(next, observation_));
      } while (!ended_ && !stop_ && Clock::now() < next);
      if (ended_ || stop_) return;
      const Clock::time_point now = Clock::now();
      const double lateness_s = Seconds(now - next);
      report_.lateness.Add(lateness_s);
      report_.worst_lateness_s = std::max(report_.worst_lateness_s, lateness_s);
      Act(now);
      next += period;
      for (; next < now; next += period) ++report_.missed;
    }
  }

  void OneByOne() {
    while (!IsOver()) {
      const Clock::time_point deadline =
          rules_.silence_s > 0 ? Clock::now() + Duration(rules_.silence_s)
                               : Clock::time_point::max();
      const Link::Event event = link_.Receive(deadline, observation_);
      Take(event);
      const bool is_silent =
          event == Link::Event::kNothing && Clock::now() >= deadline;
      if (event == Link::Event::kObservation || is_silent) Act(Clock::now());
    }
  }

  void Take(Link::Event event) {
    // A file of something else ends the loop; what a peer sends does not.
    if (event == Link::Event::kWrongNames && link_.address() == "-") {
      wrong_names_ = link_.error();
      ended_ = true;
      return;
    }
    switch (event) {
      case Link::Event::kObservation:
        runtime_.Observe(observation_, Clock::now());
        return;
      case Link::Event::kReset:
        runtime_.Reset();
        is_first_ = true;
        return;
      case Link::Event::kMalformed:
      case Link::Event::kWrongNames:
        if (++report_.malformed <= kMostComplaints) {
          LOG(WARNING) << "an observation was left out: " << link_.error();
        }
        return;
      case Link::Event::kEnd:
        ended_ = true;
        return;
      case Link::Event::kNothing:
        return;
    }
  }

  void Act(Clock::time_point now) {
    const RobotRuntime::Source source = runtime_.Act(now, action_);
    const double compute_s = Seconds(Clock::now() - now);
    report_.total_compute_s += compute_s;
    report_.worst_compute_s = std::max(report_.worst_compute_s, compute_s);
    link_.Send(action_);
    if (recording_ == nullptr ||
        source == RobotRuntime::Source::kNoObservation ||
        source == RobotRuntime::Source::kNotFinite) {
      return;
    }
    recording_->Add(Seconds(now - begin_), is_first_, runtime_.observation(),
                    action_, Text(source));
    is_first_ = false;
  }

  static constexpr uint64_t kMostComplaints = 10;

  const LoopRules rules_;
  const std::atomic<bool>& stop_;
  RobotRuntime& runtime_;
  Link& link_;
  Recording* const recording_;
  const Clock::time_point begin_ = Clock::now();
  Eigen::VectorXf observation_, action_;
  bool is_first_ = true;
  bool ended_ = false;
  std::string wrong_names_;
  LoopReport report_;
};

}  // namespace

absl::StatusOr<LoopReport> RunLoop(const LoopRules& rules,
                                   const std::atomic<bool>& stop,
                                   RobotRuntime* runtime, Link* link,
                                   Recording* recording) {
  return Loop(rules, stop, runtime, link, recording).Run();
}

}  // namespace starling
