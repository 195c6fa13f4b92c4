#include "aggregator/progress_painter.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace starling {
namespace {

// Columns that a line takes on the screen: characters, less escape sequences.
int Columns(absl::string_view line) {
  int columns = 0;
  bool in_escape = false;
  for (const char c : line) {
    if (c == '\033') {
      in_escape = true;
    } else if (in_escape) {
      in_escape = c != 'm';
    } else if ((c & 0xC0) != 0x80) {
      ++columns;
    }
  }
  return columns;
}

// Rows that `block` takes on a screen that is `width` columns wide now: one
// that has become narrower has wrapped the lines.
int Rows(absl::string_view block, int width) {
  int rows = 0;
  for (absl::string_view line : absl::StrSplit(block, '\n')) {
    rows += std::max(1, (Columns(line) + width - 1) / width);
  }
  return rows - 1;  // the piece after the last line end
}

// Moves the cursor to the start of the block.
std::string Home(absl::string_view block, int width) {
  const int rows = Rows(block, width);
  return rows == 0 ? "" : absl::StrCat("\r\033[", rows, "A");
}

}  // namespace

absl::StatusOr<ProgressMode> ParseProgressMode(absl::string_view text,
                                               bool is_terminal) {
  if (text == "bar") return ProgressMode::kBar;
  if (text == "plain") return ProgressMode::kPlain;
  if (text == "none") return ProgressMode::kNone;
  if (text == "auto") {
    return is_terminal ? ProgressMode::kBar : ProgressMode::kPlain;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "progress '", text, "' is not one of auto, bar, plain, none"));
}

bool UseColor(std::FILE* stream, const char* no_color) {
  return isatty(fileno(stream)) && (no_color == nullptr || *no_color == '\0');
}

ProgressPainter::ProgressPainter(std::FILE* stream, ProgressMode mode,
                                 bool color, int width,
                                 std::function<void(absl::string_view)> lines)
    : stream_(stream),
      mode_(lines && mode == ProgressMode::kBar ? ProgressMode::kPlain : mode),
      color_(color),
      fixed_width_(width),
      lines_(std::move(lines)) {}

int ProgressPainter::Width() const {
  if (fixed_width_ > 0) return fixed_width_;
  winsize size{};
  if (ioctl(fileno(stream_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return 80;
  }
  return size.ws_col;
}

void ProgressPainter::Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream_);
  std::fflush(stream_);
}

void ProgressPainter::Update(const ProgressView& view) {
  if (mode_ == ProgressMode::kPlain && view.generation > generation_) {
    generation_ = view.generation;
    Message(RenderLine(view));
  }
  if (mode_ != ProgressMode::kBar) return;

  const int width = Width();
  const std::string block = RenderBlock(view, width - 1, color_);
  // Each line is overwritten and then cleared to its end, and the screen below
  // the last line: nothing vanishes in between.
  Write(absl::StrCat(Home(block_, width),
                     absl::StrReplaceAll(block, {{"\n", "\033[K\n"}}),
                     "\033[J"));
  block_ = block;
}

void ProgressPainter::Message(absl::string_view line) {
  if (lines_) return lines_(line);
  Write(block_.empty() ? absl::StrCat(line, "\n")
                       : absl::StrCat(Home(block_, Width()), "\033[J", line,
                                      "\n", block_));
}

}  // namespace starling
