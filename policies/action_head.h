// The last step of every policy: free numbers become an action within the
// environment's bounds.
//
// Immutable, thread-safe. No allocation after creation.
#ifndef STARLING_POLICIES_ACTION_HEAD_H_
#define STARLING_POLICIES_ACTION_HEAD_H_

#include <Eigen/Core>

#include "absl/status/statusor.h"
#include "base/vectors.h"
#include "proto/env.pb.h"
#include "proto/model.pb.h"
#include "proto/policy.pb.h"

namespace starling {

class ActionHead {
 public:
  // InvalidArgument: the spec's bounds are not [action_size] numbers with low
  // <= high, or tanh is asked for where a bound is infinite. Where the action
  // is a choice, `config` is unused.
  static absl::StatusOr<ActionHead> Create(const v1::ActionHead& config,
                                           const v1::EnvSpec& spec);

  // How many numbers the head reads: one for each action coordinate, or one
  // for each choice.
  int raw_size() const { return raw_size_; }
  int action_size() const { return static_cast<int>(low_.size()); }

  // raw [raw_size] -> action [action_size]; they must not overlap.
  //   clip:   the number itself, cut at the bounds.
  //   tanh:   low + (high - low) (1 + tanh(raw)) / 2, computed from the nearer
  //           bound, so that tanh = +-1 gives the bounds exactly.
  //   choice: the index of the largest score, the lowest among equals.
  // NaN gives NaN: in its coordinate, or as the choice if any score is NaN.
  // CHECK-fails on other lengths.
  void Apply(ConstVectorRef raw, VectorRef action) const;

  void Export(v1::OutputHead* head) const;
  // InvalidArgument: bounds that are missing, not in order, or infinite where
  // tanh needs them; a choice among none.
  static absl::StatusOr<ActionHead> FromExport(const v1::OutputHead& head,
                                               uint32_t num_choices);

 private:
  enum class Kind { kClip, kTanh, kChoice };

  ActionHead() = default;

  Kind kind_ = Kind::kClip;
  int raw_size_ = 0;
  Eigen::VectorXf low_;
  Eigen::VectorXf high_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ACTION_HEAD_H_
