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

void ActionHead::Export(v1::OutputHead* head) const {
  head->set_kind(kind_ == Kind::kTanh     ? v1::OutputHead::TANH
                 : kind_ == Kind::kChoice ? v1::OutputHead::CHOICE
                                          : v1::OutputHead::CLIP);
  head->mutable_low()->Assign(low_.begin(), low_.end());
  head->mutable_high()->Assign(high_.begin(), high_.end());
}

absl::StatusOr<ActionHead> ActionHead::FromExport(const v1::OutputHead& head,
                                                  uint32_t num_choices) {
  if ((head.kind() == v1::OutputHead::CHOICE) != (num_choices > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("head.kind is ", v1::OutputHead::Kind_Name(head.kind()),
                     " where there are ", num_choices, " choices"));
  }
  v1::EnvSpec spec;
  spec.set_name("the exported policy");
  spec.set_action_size(static_cast<uint32_t>(head.low_size()));
  *spec.mutable_action_low() = head.low();
  *spec.mutable_action_high() = head.high();
  spec.set_num_choices(num_choices);
  v1::ActionHead config;
  if (head.kind() == v1::OutputHead::TANH) {
    config.set_squash(v1::ActionHead::TANH);
  }
  return Create(config, spec);
}

}  // namespace starling
