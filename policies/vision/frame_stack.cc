#include "policies/vision/frame_stack.h"

#include <algorithm>
#include <array>

#include "base/log.h"

namespace starling {
namespace {

std::array<float, 256> Shares() {
  std::array<float, 256> shares;
  for (int i = 0; i < 256; ++i) shares[i] = static_cast<float>(i) / 255;
  return shares;
}

}  // namespace

FrameStack::FrameStack(int frames, int64_t size)
    : frames_(frames), size_(size), pixels_(frames * size), views_(frames) {
  CHECK_GE(frames, 1);
}

void FrameStack::Push(const ImageView& image) {
  static const std::array<float, 256> kShares = Shares();
  CHECK_EQ(int64_t{image.height} * image.width * image.channels, size_);
  newest_ = (newest_ + 1) % frames_;
  float* const to = pixels_.data() + newest_ * size_;
  for (int64_t i = 0; i < size_; ++i) to[i] = kShares[image.data[i]];
  for (int i = 0; i < frames_; ++i) {
    views_[i] = pixels_.data() + (newest_ + 1 + i) % frames_ * size_;
  }
  if (!is_empty_) return;
  is_empty_ = false;
  for (int i = 0; i < frames_; ++i) {
    if (i != newest_) std::copy(to, to + size_, pixels_.data() + i * size_);
  }
}

}  // namespace starling
