#include "workers/contact.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace starling {
namespace {

int64_t WholeSeconds(Contact::Time::duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

Contact::Contact(std::string address, const ContactRules& rules, Time now)
    : address_(std::move(address)), rules_(rules), last_answer_(now) {}

void Contact::Succeeded(Time now) {
  last_answer_ = now;
  pause_ = std::chrono::milliseconds(0);
}

void Contact::Failed(const absl::Status& error, Time now) {
  last_error_ = error;
  if (absl::IsDeadlineExceeded(error)) return;
  pause_ = std::clamp(2 * pause_, rules_.min_pause, rules_.max_pause);
  pause_until_ = now + pause_;
}

absl::Status Contact::CheckPatience(Time now) const {
  const auto silence = now - last_answer_;
  if (rules_.give_up_after.count() <= 0 || silence < rules_.give_up_after) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("gave up: no answer from the aggregator at ", address_,
                   " for ", WholeSeconds(silence), " s"));
}

bool Contact::MustComplain(Time now,
                           std::chrono::milliseconds silent_by_right) const {
  return now - last_answer_ >= rules_.complain_after + silent_by_right &&
         (!complained_at_.has_value() ||
          now - *complained_at_ >= rules_.complain_every);
}

std::string Contact::Complaint(Time now, const std::string& causes) {
  complained_at_ = now;
  const std::string reason =
      last_error_.ok() ? "" : absl::StrCat(" (", last_error_.message(), ")");
  return absl::StrCat("no answer from the aggregator at ", address_, " for ",
                      WholeSeconds(now - last_answer_), " s", reason, "; ",
                      causes, " Trying on.");
}

}  // namespace starling
