// The signature of a policy: equal signatures, equal bits.
//
// SHA-256 over, little-endian: u64 d; d float32 of the centre; u64 k; for each
// observation coordinate count u64, sum i128, sum of squares u128 (k = 0
// without normaliser, else the state's size); u64 length and bytes of the
// controller's saved state (0 without one).
#ifndef STARLING_AGGREGATOR_SIGNATURE_H_
#define STARLING_AGGREGATOR_SIGNATURE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/moments.h"
#include "proto/checkpoint.pb.h"

namespace starling {

// 64 hexadecimal digits. `moments` is null without normaliser. O(d + k).
std::string Signature(absl::Span<const float> mean, const Moments* moments,
                      absl::string_view controller_state);

// Of the centre of a checkpoint, at the start of its generation. DataLoss if
// the moments don't fit the state.
absl::StatusOr<std::string> LastSignature(const v1::Checkpoint& checkpoint);
// Of its best policy. NotFound before the first evaluation.
absl::StatusOr<std::string> BestSignature(const v1::Checkpoint& checkpoint);

}  // namespace starling

#endif  // STARLING_AGGREGATOR_SIGNATURE_H_
