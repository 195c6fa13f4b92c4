#include "policies/action_head.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/math.h"

namespace starling {

absl::StatusOr<ActionHead> ActionHead::Create(const v1::ActionHead& config,
                                              const v1::EnvSpec& spec) {
  const int size = static_cast<int>(spec.action_size());
  if (size < 1 || spec.action_low_size() != size ||
      spec.action_high_size() != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("env_spec of ", spec.name(), ": action_size is ",
                     spec.action_size(), " with ", spec.action_low_size(),
                     " lower and ", spec.action_high_size(),
                     " upper bounds; all three must be equal, >= 1"));
  }
  ActionHead head;
  if (spec.num_choices() > 0) {
    if (size != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("env_spec of ", spec.name(),
                       ": a choice has action_size 1, not ", size));
    }
    head.kind_ = Kind::kChoice;
    head.raw_size_ = static_cast<int>(spec.num_choices());
  } else {
    head.kind_ =
        config.squash() == v1::ActionHead::TANH ? Kind::kTanh : Kind::kClip;
    head.raw_size_ = size;
  }
  head.low_.resize(size);
  head.high_.resize(size);
  for (int i = 0; i < size; ++i) {
    const float low = spec.action_low(i);
    const float high = spec.action_high(i);
    if (!(low <= high)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "env_spec of ", spec.name(), ": bounds [", low, ", ", high,
          "] of action coordinate ", i, " are not in order"));
    }
    if (head.kind_ == Kind::kTanh &&
        !(std::isfinite(low) && std::isfinite(high))) {
      return absl::InvalidArgumentError(absl::StrCat(
          "policy.action.squash: TANH needs finite bounds, but action "
          "coordinate ",
          i, " of ", spec.name(), " has [", low, ", ", high,
          "]; use squash: CLIP"));
    }
    head.low_[i] = low;
    head.high_[i] = high;
  }
  return head;
}

void ActionHead::Apply(ConstVectorRef raw, VectorRef action) const {
  CHECK_EQ(raw.size(), raw_size_);
  CHECK_EQ(action.size(), low_.size());
  if (kind_ == Kind::kChoice) {
    int best = 0;
    bool any_nan = std::isnan(raw[0]);
    for (int i = 1; i < raw_size_; ++i) {
      if (raw[i] > raw[best]) best = i;
      any_nan |= std::isnan(raw[i]);
    }
    action[0] = any_nan ? std::numeric_limits<float>::quiet_NaN()
                        : static_cast<float>(best);
    return;
  }
  if (kind_ == Kind::kTanh) {
    Tanh(raw.data(), raw_size_, action.data());
    for (int i = 0; i < raw_size_; ++i) {
      const float t = action[i];
      const float half = 0.5f * high_[i] - 0.5f * low_[i];
      action[i] = t > 0 ? high_[i] - half * (1 - t) : low_[i] + half * (1 + t);
    }
    return;
  }
  for (int i = 0; i < raw_size_; ++i) {
    const float cut = raw[i] > high_[i] ? high_[i] : raw[i];
    action[i] = cut < low_[i] ? low_[i] : cut;  // comparisons let NaN pass
  }
}

}  // namespace starling
