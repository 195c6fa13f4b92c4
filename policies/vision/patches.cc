#include "policies/vision/patches.h"

#include "base/linalg.h"

namespace starling {

PatchProjection::PatchProjection(const PatchGrid& grid, int frames,
                                 bool positional, int outputs)
    : grid_(grid),
      frames_(frames),
      outputs_(outputs),
      inputs_(grid.patch * grid.patch * frames * grid.channels +
              (positional ? 2 : 0)),
      positional_(positional),
      taps_(static_cast<size_t>(grid.patch * grid.patch * frames *
                                grid.channels * outputs)),
      place_(2 * outputs),
      offsets_(outputs) {}

void PatchProjection::SetParameters(int first, int count, const float* weights,
                                    const float* offsets) {
  const int channels = grid_.channels, patch = grid_.patch;
  for (int o = first; o < first + count; ++o) {
    const float* from = weights + int64_t{o - first} * inputs_;
    for (int row = 0; row < patch; ++row) {
      for (int column = 0; column < patch; ++column) {
        for (int frame = 0; frame < frames_; ++frame) {
          for (int channel = 0; channel < channels; ++channel) {
            const int64_t tap =
                ((int64_t{frame} * patch + row) * patch + column) * channels +
                channel;
            taps_[tap * outputs_ + o] = *from++;
          }
        }
      }
    }
    if (positional_) {
      place_[o] = from[0];
      place_[outputs_ + o] = from[1];
    }
    offsets_[o] = offsets[o - first];
  }
}

void PatchProjection::Project(absl::Span<const float* const> frames,
                              float* out) const {
  const int columns = grid_.columns(), rows = grid_.rows();
  const int inner = grid_.patch * grid_.channels;
  const int64_t line = int64_t{grid_.width} * grid_.channels;
  const int64_t step = int64_t{grid_.stride} * grid_.channels;
  // Single pixels one after the other: all lines are one.
  const bool is_one = grid_.patch == 1 && grid_.stride == 1;
  const int count = is_one ? rows * columns : columns;
  for (int i = 0; i < (is_one ? 1 : rows); ++i) {
    float* const to = out + int64_t{i} * columns * outputs_;
    for (int j = 0; j < count; ++j) {
      float* const y = to + int64_t{j} * outputs_;
      for (int o = 0; o < outputs_; ++o) y[o] = offsets_[o];
    }
    for (int frame = 0; frame < frames_; ++frame) {
      for (int row = 0; row < grid_.patch; ++row) {
        Gemm(frames[frame] + (int64_t{i} * grid_.stride + row) * line, step,
             taps_.data() +
                 (int64_t{frame} * grid_.patch + row) * inner * outputs_,
             count, inner, outputs_, true, to);
      }
    }
  }
  if (!positional_) return;
  for (int i = 0; i < grid_.size(); ++i) {
    const float row = static_cast<float>(grid_.center_row(i)) /
                      static_cast<float>(grid_.height);
    const float column = static_cast<float>(grid_.center_column(i)) /
                         static_cast<float>(grid_.width);
    float* const y = out + int64_t{i} * outputs_;
    for (int o = 0; o < outputs_; ++o) {
      y[o] += row * place_[o] + column * place_[outputs_ + o];
    }
  }
}

}  // namespace starling
