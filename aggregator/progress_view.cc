#include "aggregator/progress_view.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/human.h"

namespace starling {
namespace {

constexpr absl::string_view kBold = "\033[1m";
constexpr absl::string_view kDim = "\033[2m";
constexpr absl::string_view kGreen = "\033[32m";
constexpr absl::string_view kYellow = "\033[33m";
constexpr absl::string_view kReset = "\033[0m";

// Four or five significant digits: returns of any size stay readable.
std::string Return(double value) {
  if (!std::isfinite(value)) return absl::StrFormat("%g", value);
  const double size = std::abs(value);
  if (size >= 1e7 || (size > 0 && size < 1e-3)) {
    return absl::StrFormat("%.3e", value);
  }
  if (size >= 1000) {
    return absl::StrCat(value < 0 ? "-" : "", HumanCount(std::llround(size)));
  }
  return absl::StrFormat(size >= 100 ? "%.1f"
                         : size >= 1 ? "%.2f"
                                     : "%.4f",
                         value);
}

// Pieces of a line with their style; cut to the width in columns, never inside
// a character or an escape sequence.
class Line {
 public:
  Line(int width, bool color) : left_(width), color_(color) {}

  Line& Add(absl::string_view text, absl::string_view style = "") {
    const bool styled = color_ && !style.empty() && !text.empty() && left_ > 0;
    if (styled) absl::StrAppend(&text_, style);
    for (size_t i = 0; i < text.size() && left_ > 0;) {
      size_t end = i + 1;
      while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
      if (absl::ascii_iscntrl(text[i])) {
        text_ += '?';
      } else {
        absl::StrAppend(&text_, text.substr(i, end - i));
      }
      --left_;
      i = end;
    }
    if (styled) absl::StrAppend(&text_, kReset);
    return *this;
  }

  // The label at the start of each line but the first.
  Line& Label(absl::string_view label) {
    return Add(absl::StrFormat("  %-8s ", label), kDim);
  }
  // "mean 12.3" with a gap before it.
  Line& Number(absl::string_view name, absl::string_view value,
               absl::string_view style = "") {
    return Add(absl::StrCat(" ", name, " "), kDim).Add(value, style).Add(" ");
  }

  int left() const { return left_; }
  std::string Finish() const { return text_ + "\n"; }

 private:
  std::string text_;
  int left_;
  bool color_;
};

// In [0, 1]; negative where no limit is known.
double Fraction(const ProgressView& view) {
  double fraction = -1;
  if (view.generations > 0) {
    fraction = static_cast<double>(view.generation) / view.generations;
  }
  if (view.env_step_budget > 0) {
    // The run ends at the first limit that is reached.
    fraction = std::max(
        fraction, static_cast<double>(view.env_steps) / view.env_step_budget);
  }
  return std::min(fraction, 1.0);
}

// "[######......]" of `columns` columns.
std::string Bar(double fraction, int columns) {
  const int inner = columns - 2;
  const int full = static_cast<int>(fraction * inner);
  return absl::StrCat("[", std::string(full, '#'),
                      std::string(inner - full, '.'), "]");
}

std::string Generation(const ProgressView& view) {
  return view.generations > 0 ? absl::StrCat(HumanCount(view.generation), "/",
                                             HumanCount(view.generations))
                              : HumanCount(view.generation);
}

std::string HeadLine(const ProgressView& view, int width, bool color) {
  Line line(width, color);
  line.Add(view.name, kBold).Add("  generation ").Add(Generation(view), kBold);
  const double fraction = Fraction(view);
  std::string percent;
  if (fraction >= 0) {
    percent = absl::StrFormat(" %3d %%", static_cast<int>(fraction * 100));
  }
  std::string time = absl::StrCat("  ", HumanDuration(view.elapsed_s));
  if (view.eta_s) {
    absl::StrAppend(&time, ", ", HumanDuration(*view.eta_s), " left");
  }
  // The bar takes what is left over.
  const int columns = std::min(
      30, line.left() - static_cast<int>(percent.size() + time.size()) - 2);
  if (fraction >= 0 && columns >= 8) {
    line.Add("  ").Add(Bar(fraction, columns), kGreen);
  }
  return line.Add(percent).Add(time).Finish();
}

std::string ReturnLine(const ProgressView& view, int width, bool color) {
  Line line(width, color);
  line.Label("return");
  if (!view.return_mean && !view.return_best && !view.return_eval) {
    return line.Add(" first generation is running").Finish();
  }
  if (view.return_mean) line.Number("mean", Return(*view.return_mean), kBold);
  if (view.return_best) line.Number("best", Return(*view.return_best), kGreen);
  if (view.return_eval) line.Number("eval", Return(*view.return_eval));
  if (view.history.size() > 1 && line.left() > 5) {
    line.Add(" ").Add(Sparkline(view.history, std::min(30, line.left() - 1)),
                      kGreen);
  }
  return line.Finish();
}

std::string Percent(double share) {
  return absl::StrFormat("%.0f %%", 100 * share);
}

std::string SearchLine(const ProgressView::Search& search, int width,
                       bool color) {
  Line line(width, color);
  line.Label("search").Add(absl::StrCat(" ", search.stage, " "), kBold);
  line.Number("parameters", HumanCount(search.parameters));
  if (search.mean_cost) line.Number("proposed", Return(*search.mean_cost));
  if (search.entropy) line.Number("entropy", Percent(*search.entropy));
  if (search.sampled) line.Number("return", Return(*search.sampled));
  return line.Finish();
}

std::string WorkLine(const ProgressView& view, int width, bool color) {
  Line line(width, color);
  line.Label("work");
  line.Number("steps/s",
              HumanCount(std::llround(std::max(0., view.steps_per_s))));
  line.Number("units", absl::StrCat(view.units_done, " done, ",
                                    view.units_outstanding, " out"));
  if (view.units_failed > 0) {
    line.Number("failed", HumanCount(view.units_failed), kYellow);
  }
  line.Number("workers", absl::StrCat(view.workers_active),
              view.workers_active == 0 ? kYellow : "");
  if (view.workers_lost > 0) {
    line.Number("lost", absl::StrCat(view.workers_lost), kYellow);
  }
  return line.Finish();
}

std::string SavedLine(const ProgressView& view, int width, bool color) {
  Line line(width, color);
  line.Label("saved");
  if (view.checkpoint_age_s) {
    line.Add(absl::StrCat(" ", HumanDuration(*view.checkpoint_age_s), " ago"));
  } else {
    line.Add(" not yet");
  }
  return line.Number("  env steps", HumanCount(view.env_steps)).Finish();
}

}  // namespace

std::string Sparkline(absl::Span<const double> values, int columns) {
  static constexpr const char* kLevels[] = {"▁", "▂", "▃", "▄",
                                            "▅", "▆", "▇", "█"};
  const size_t n = std::min<size_t>(values.size(), std::max(columns, 0));
  std::vector<double> heights(n);
  double low = INFINITY, high = -INFINITY;
  for (size_t column = 0; column < n; ++column) {
    const size_t begin = column * values.size() / n;
    const size_t end = (column + 1) * values.size() / n;
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += values[i];
    heights[column] = sum / (end - begin);
    if (std::isfinite(heights[column])) {
      low = std::min(low, heights[column]);
      high = std::max(high, heights[column]);
    }
  }
  std::string line;
  for (double height : heights) {
    if (!std::isfinite(height)) {
      line += " ";
    } else {
      const double share = high > low ? (height - low) / (high - low) : 0;
      line += kLevels[static_cast<int>(std::lround(share * 7))];
    }
  }
  return line;
}

std::string RenderBlock(const ProgressView& view, int width, bool color) {
  width = std::max(width, 20);
  std::string block = HeadLine(view, width, color);
  absl::StrAppend(&block, ReturnLine(view, width, color));
  if (view.search)
    absl::StrAppend(&block, SearchLine(*view.search, width, color));
  absl::StrAppend(&block, WorkLine(view, width, color),
                  SavedLine(view, width, color));
  const size_t first =
      view.warnings.size() - std::min<size_t>(view.warnings.size(), 3);
  for (size_t i = first; i < view.warnings.size(); ++i) {
    Line line(width, color);
    line.Label("warning").Add(" ").Add(view.warnings[i], kYellow);
    absl::StrAppend(&block, line.Finish());
  }
  return block;
}

std::string RenderLine(const ProgressView& view) {
  std::string line = absl::StrCat("generation ", Generation(view));
  const auto append = [&line](const char* name,
                              const std::optional<double>& value) {
    if (value) absl::StrAppend(&line, "  ", name, " ", Return(*value));
  };
  append("return", view.return_mean);
  append("best", view.return_best);
  append("eval", view.return_eval);
  if (view.search) {
    absl::StrAppend(&line, "  ", view.search->stage, "  parameters ",
                    HumanCount(view.search->parameters));
    if (view.search->entropy) {
      absl::StrAppend(&line, "  entropy ", Percent(*view.search->entropy));
    }
    append("proposals", view.search->sampled);
  }
  absl::StrAppend(&line, "  env steps ", HumanCount(view.env_steps),
                  "  steps/s ",
                  HumanCount(std::llround(std::max(0., view.steps_per_s))),
                  "  workers ", view.workers_active);
  if (view.workers_lost > 0) {
    absl::StrAppend(&line, " (", view.workers_lost, " lost)");
  }
  if (view.units_failed > 0) {
    absl::StrAppend(&line, "  failed units ", HumanCount(view.units_failed));
  }
  absl::StrAppend(&line, "  elapsed ", HumanDuration(view.elapsed_s));
  if (view.eta_s) {
    absl::StrAppend(&line, "  left ", HumanDuration(*view.eta_s));
  }
  return line;
}

}  // namespace starling
