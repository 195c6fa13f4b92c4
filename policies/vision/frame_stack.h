// The last frames of an episode as floats, for policies that look.
#ifndef STARLING_POLICIES_VISION_FRAME_STACK_H_
#define STARLING_POLICIES_VISION_FRAME_STACK_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "base/observation.h"

namespace starling {

class FrameStack {
 public:
  // `frames` >= 1 of `size` numbers each.
  FrameStack(int frames, int64_t size);

  int frames() const { return frames_; }
  // A new episode: its first frame stands for those before it.
  void Reset() { is_empty_ = true; }
  // CHECKs the size. Bytes become shares of 255.
  void Push(const ImageView& image);
  // The i-th, 0 the oldest, numbers in [0, 1]. Good until the next Push.
  const float* frame(int i) const { return views_[i]; }
  // All of them, the oldest first.
  absl::Span<const float* const> views() const { return views_; }

 private:
  const int frames_;
  const int64_t size_;
  bool is_empty_ = true;
  // A ring.
  int newest_ = 0;
  std::vector<float> pixels_;
  std::vector<const float*> views_;
};

}  // namespace starling

#endif  // STARLING_POLICIES_VISION_FRAME_STACK_H_
