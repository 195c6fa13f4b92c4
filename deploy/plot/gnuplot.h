// Draws pictures with the program gnuplot.
#ifndef STARLING_DEPLOY_PLOT_GNUPLOT_H_
#define STARLING_DEPLOY_PLOT_GNUPLOT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace starling {

enum class PictureFormat { kPng, kSvg };

// By the extension of a file's name (upper or lower case), else
// InvalidArgument.
absl::StatusOr<PictureFormat> PictureFormatOf(absl::string_view path);

// The `set terminal` line of a picture of that size in pixels: sans-serif
// text, white ground, no escape sequences in text.
std::string TerminalLine(PictureFormat format, int width, int height);

// `text` as a string of gnuplot's, in quotes: whatever it holds is shown, none
// of it is executed. Control characters become spaces, bytes that are no UTF-8
// question marks.
std::string QuoteForGnuplot(absl::string_view text);

// Runs a script that draws one picture to its standard output; answers the
// picture's bytes. No files are left. Unavailable if gnuplot is not installed
// (names the package); Internal, with gnuplot's own words, if it fails.
absl::StatusOr<std::string> RunGnuplot(absl::string_view script);

}  // namespace starling

#endif  // STARLING_DEPLOY_PLOT_GNUPLOT_H_
