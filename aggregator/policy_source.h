// The policy of a run that a user names: its best, its last, or that of a
// generation.
#ifndef STARLING_AGGREGATOR_POLICY_SOURCE_H_
#define STARLING_AGGREGATOR_POLICY_SOURCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/checkpoint.pb.h"

namespace starling {

struct PolicyChoice {
  enum Kind { kBest, kLast, kGeneration };

  // "best", "last" or a generation's number, else InvalidArgument.
  static absl::StatusOr<PolicyChoice> Parse(absl::string_view text);

  Kind kind = kBest;
  // For kGeneration.
  uint64_t generation = 0;
};

// All that is needed to act as the run did. Independent of the run's directory.
struct PolicySnapshot {
  v1::Experiment experiment;
  v1::EnvSpec env_spec;
  // At whose start the policy was the centre of the search.
  uint64_t generation = 0;
  // Parameters [d].
  std::vector<float> mean;
  // What the normaliser knows; count 0 without one.
  v1::Moments moments;
  // Without an encoding: the policy as it is without a search.
  v1::Architecture architecture;
  // As in Signature.
  std::string signature;
  // A sentence for the user where the policy is not the one asked for, or a
  // damaged checkpoint was passed over; else empty.
  std::string note;
};

// Reads it from a run directory, changing nothing there; the run may be live.
// The best one of a run that has not evaluated yet is its last, with a note.
// NotFound: `run` is no run directory, has no checkpoint yet, or none of that
// generation (says which there are); DataLoss, FailedPrecondition: as
// CheckpointStore.
absl::StatusOr<PolicySnapshot> LoadPolicy(const std::string& run,
                                          const PolicyChoice& choice);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_POLICY_SOURCE_H_
