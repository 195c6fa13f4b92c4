// A frame as patches, and linear functions of patches without copying them.
#ifndef STARLING_POLICIES_VISION_PATCHES_H_
#define STARLING_POLICIES_VISION_PATCHES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace starling {

// Squares of `patch` pixels, one each `stride` pixels from the top left corner
// on, numbered row by row. What does not fit at the right and the bottom is not
// seen.
struct PatchGrid {
  int height, width, channels;
  int patch, stride;

  int rows() const { return (height - patch) / stride + 1; }
  int columns() const { return (width - patch) / stride + 1; }
  int size() const { return rows() * columns(); }
  // The pixel in the middle of patch i.
  int center_row(int i) const { return i / columns() * stride + patch / 2; }
  int center_column(int i) const { return i % columns() * stride + patch / 2; }
};

// y = W x + b for each patch x: its pixels in the order (row, column, frame,
// channel), then, where positional, row and column of its centre as shares of
// height and width.
class PatchProjection {
 public:
  PatchProjection(const PatchGrid& grid, int frames, bool positional,
                  int outputs);

  // Numbers of a patch.
  int inputs() const { return inputs_; }
  int outputs() const { return outputs_; }
  // Of `count` outputs from `first` on: rows of W [count, inputs], b [count].
  void SetParameters(int first, int count, const float* weights,
                     const float* offsets);
  // out [patches, outputs] of frames [height, width, channels], one after the
  // other or apart: a convolution, by products of overlapping rows. Costs
  // patches * inputs * outputs multiply-adds.
  void Project(absl::Span<const float* const> frames, float* out) const;

 private:
  const PatchGrid grid_;
  const int frames_, outputs_, inputs_;
  const bool positional_;
  // [frame, row of a patch, column and channel, output]
  std::vector<float> taps_;
  // Of the place: [2, outputs]; offsets [outputs].
  std::vector<float> place_, offsets_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_VISION_PATCHES_H_
