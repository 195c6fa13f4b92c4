// Where a policy looked: for people who watch it.
#ifndef STARLING_POLICIES_GAZE_H_
#define STARLING_POLICIES_GAZE_H_

#include "absl/types/span.h"

namespace starling {

// Of one frame, cut into patches of `patch` pixels square, one each `stride`
// pixels from the top left corner on. Views, valid until the policy's next call.
struct Gaze {
  int patch = 0;
  int stride = 0;
  // Patches in a column and in a row.
  int rows = 0;
  int columns = 0;
  // [rows columns], row by row.
  absl::Span<const float> votes;
  // Patches that were picked, most votes first.
  absl::Span<const int> picks;
};

}  // namespace starling

#endif  // STARLING_POLICIES_GAZE_H_
