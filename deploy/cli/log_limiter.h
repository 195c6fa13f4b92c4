// Keeps a log readable when something goes wrong a thousand times a second.
//
// Of each place in the source: a line that says the same as the last one is
// held back for a while, and so is what exceeds a number of lines in that time.
// What was held back is counted, and told when the time is over.
//
// Pure logic; the clock is injected. Not thread-safe. Remembers one entry for
// each place that has ever logged.
#ifndef STARLING_DEPLOY_CLI_LOG_LIMITER_H_
#define STARLING_DEPLOY_CLI_LOG_LIMITER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace starling {

class LogLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Rules {
    std::chrono::milliseconds window{10'000};
    // Lines of one place in a window.
    int most = 50;
  };
  // Lines that did not appear.
  struct HeldBack {
    int severity = 0;
    std::string file;
    int line = 0;
    uint64_t count = 0;
    // The last of them.
    std::string message;
  };

  LogLimiter() : LogLimiter(Rules()) {}
  explicit LogLimiter(const Rules& rules) : rules_(rules) {}

  // Whether the line may appear.
  bool Admit(int severity, const std::string& file, int line,
             const std::string& message, Time now);
  // What was held back in windows that are over; in all windows with `all`.
  // Each is told once.
  std::vector<HeldBack> Take(Time now, bool all = false);

 private:
  struct Place {
    Time began;
    int admitted = 0;
    std::string last_admitted;
    HeldBack held;
  };

  const Rules rules_;
  std::map<std::pair<std::string, int>, Place> places_;
  // When Take has something to do, if anything is held back.
  Time next_take_ = Time::max();
};

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_LOG_LIMITER_H_
