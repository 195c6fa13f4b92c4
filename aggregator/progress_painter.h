// Paints a run's progress on a stream: a block that refreshes in place, or a
// line a generation.
#ifndef STARLING_AGGREGATOR_PROGRESS_PAINTER_H_
#define STARLING_AGGREGATOR_PROGRESS_PAINTER_H_

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "aggregator/progress_view.h"

namespace starling {

enum class ProgressMode { kBar, kPlain, kNone };

// "auto", "bar", "plain" or "none"; auto is bar where `is_terminal`, plain
// elsewhere. InvalidArgument for anything else.
absl::StatusOr<ProgressMode> ParseProgressMode(absl::string_view text,
                                               bool is_terminal);

// Whether `stream` may carry colour: a terminal, and the environment variable
// NO_COLOR (given by the caller, nullptr if unset) is empty or unset.
bool UseColor(std::FILE* stream, const char* no_color);

// Not thread-safe.
class ProgressPainter {
 public:
  // Does not own `stream`. `width` > 0 fixes the columns; 0 asks the terminal
  // before each painting (80 where it doesn't know). `lines` takes every line
  // (without its end) instead of the stream; kBar is then kPlain.
  ProgressPainter(std::FILE* stream, ProgressMode mode, bool color,
                  int width = 0,
                  std::function<void(absl::string_view line)> lines = nullptr);
  ProgressPainter(const ProgressPainter&) = delete;
  ProgressPainter& operator=(const ProgressPainter&) = delete;

  // Bar: repaints the block in one write and without clearing what stays, so
  // that it does not flicker; 4 times a second is smooth. Plain: one line each
  // time `view.generation` has grown. The last block stays on the screen.
  void Update(const ProgressView& view);

  // A line (without its end) that stays: above the block, or simply next.
  void Message(absl::string_view line);

 private:
  int Width() const;
  void Write(const std::string& text);

  std::FILE* const stream_;
  const ProgressMode mode_;
  const bool color_;
  const int fixed_width_;
  const std::function<void(absl::string_view)> lines_;
  std::string block_;  // on the screen now
  uint64_t generation_ = 0;
};

}  // namespace starling

#endif  // STARLING_AGGREGATOR_PROGRESS_PAINTER_H_
