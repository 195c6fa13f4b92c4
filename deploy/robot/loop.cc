#include "deploy/robot/loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status.h"

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
    action_ = Eigen::Map<const Eigen::VectorXf>(runtime_.safe_action().data(),
                                                action_.size());
    link_.Send(action_, Clock::now() + kLongestFarewell);
    RETURN_IF_ERROR(error_);
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
      // What comes until then.
      Link::Event event;
      do {
        Take(event = link_.Receive(next, observation_));
      } while (!ended_ && !stop_ && Clock::now() < next);
      // And what waits since, so that a cycle which begins late acts on the
      // newest too; a flood must not delay it.
      const Clock::time_point latest = Clock::now() + period / 8;
      while (event != Link::Event::kNothing && !ended_ && !stop_ &&
             Clock::now() < latest) {
        Take(event = link_.Receive(next, observation_));
      }
      if (ended_ || stop_) return;
      const Clock::time_point now = Clock::now();
      AddLateness(Seconds(now - next));
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

  void AddLateness(double lateness_s) {
    report_.late += lateness_s > 0.1 * rules_.period_s ? 1 : 0;
    report_.lateness.Add(lateness_s);
    report_.worst_lateness_s = std::max(report_.worst_lateness_s, lateness_s);
    report_.total_lateness_s += lateness_s;
    report_.total_squared_lateness_s2 += lateness_s * lateness_s;
  }

  void Take(Link::Event event) {
    // A file of something else ends the loop. A line that was damaged on its
    // way does not, nor what a peer sends.
    if (event == Link::Event::kWrongNames && link_.address() == "-" &&
        runtime_.counts().observations == 0) {
      error_ = absl::InvalidArgumentError(
          absl::StrCat("observations: ", link_.error()));
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
      case Link::Event::kCut:
        error_ = absl::UnavailableError(link_.error());
        ended_ = true;
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
    report_.thousandfold_compute.Add(1e3 * compute_s);
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
  // A reader of standard output that does not read must not keep it from
  // ending.
  static constexpr std::chrono::seconds kLongestFarewell{1};

  const LoopRules rules_;
  const std::atomic<bool>& stop_;
  RobotRuntime& runtime_;
  Link& link_;
  Recording* const recording_;
  const Clock::time_point begin_ = Clock::now();
  Eigen::VectorXf observation_, action_;
  bool is_first_ = true;
  bool ended_ = false;
  absl::Status error_;
  LoopReport report_;
};

}  // namespace

double LoopReport::jitter_s() const {
  const auto n = static_cast<double>(lateness.count());
  if (n == 0) return 0;
  const double mean = total_lateness_s / n;
  return std::sqrt(std::max(0.0, total_squared_lateness_s2 / n - mean * mean));
}

absl::StatusOr<LoopReport> RunLoop(const LoopRules& rules,
                                   const std::atomic<bool>& stop,
                                   RobotRuntime* runtime, Link* link,
                                   Recording* recording) {
  return Loop(rules, stop, runtime, link, recording).Run();
}

}  // namespace starling
