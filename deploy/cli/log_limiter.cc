#include "deploy/cli/log_limiter.h"

#include <algorithm>

namespace starling {

bool LogLimiter::Admit(int severity, const std::string& file, int line,
                       const std::string& message, Time now) {
  Place& place = places_[{file, line}];
  if (place.admitted == 0 || now - place.began >= rules_.window) {
    place.began = now;
    place.admitted = 0;
    place.last_admitted.clear();
  }
  const bool is_same = place.admitted > 0 && message == place.last_admitted;
  if (!is_same && place.admitted < rules_.most) {
    ++place.admitted;
    place.last_admitted = message;
    return true;
  }
  place.held = {severity, file, line, place.held.count + 1, message};
  next_take_ = std::min(next_take_, place.began + rules_.window);
  return false;
}

std::vector<LogLimiter::HeldBack> LogLimiter::Take(Time now, bool all) {
  std::vector<HeldBack> taken;
  if (!all && now < next_take_) return taken;
  next_take_ = Time::max();
  for (auto& [key, place] : places_) {
    if (place.held.count == 0) continue;
    if (all || now - place.began >= rules_.window) {
      taken.push_back(std::exchange(place.held, HeldBack()));
    } else {
      next_take_ = std::min(next_take_, place.began + rules_.window);
    }
  }
  return taken;
}

}  // namespace starling
