#include "deploy/media/overlay.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "absl/strings/str_cat.h"

namespace starling {
namespace {

constexpr double kHeat = 0.4;
constexpr int kBins = 48;
// Of a pick, so that single pixels can be seen; of one with room for a number.
constexpr int kSmallestMark = 3, kSmallestLabelled = 14;

using Color = cv::Vec3b;

// 0 blue, 1 yellow.
Color HeatOf(double share) {
  const double x = std::clamp(share, 0.0, 1.0);
  return {cv::saturate_cast<uint8_t>(255 * std::min(1.0, 2 * x)),
          cv::saturate_cast<uint8_t>(255 * x * x),
          cv::saturate_cast<uint8_t>(255 * (0.5 - 0.5 * x))};
}

void Blend(const Color& color, double share, const cv::Rect& where,
           cv::Mat* picture) {
  const cv::Rect inside = where & cv::Rect(0, 0, picture->cols, picture->rows);
  for (int i = inside.y; i < inside.y + inside.height; ++i) {
    for (int j = inside.x; j < inside.x + inside.width; ++j) {
      Color& pixel = picture->at<Color>(i, j);
      for (int c = 0; c < 3; ++c) {
        pixel[c] = cv::saturate_cast<uint8_t>(pixel[c] +
                                              share * (color[c] - pixel[c]));
      }
    }
  }
}

// log(1 + votes / mean), from 0 for the fewest to 1 for the most. What is
// negative is none.
std::vector<double> Heats(absl::Span<const float> votes) {
  double sum = 0;
  for (const float x : votes) sum += std::max(0.0, double{x});
  std::vector<double> heats;
  for (const float x : votes) {
    heats.push_back(
        sum > 0 ? std::log1p(std::max(0.0, double{x}) * votes.size() / sum)
                : 0);
  }
  const auto [least, most] = std::minmax_element(heats.begin(), heats.end());
  const double low = *least, range = *most - *least;
  for (double& heat : heats) heat = range > 0 ? (heat - low) / range : 0;
  return heats;
}

void DrawHistogram(const std::vector<double>& heats,
                   absl::Span<const int> picks, cv::Mat strip) {
  std::vector<int> all(kBins), picked(kBins);
  const auto bin = [&](int patch) {
    return std::min(kBins - 1, static_cast<int>(heats[patch] * kBins));
  };
  for (size_t i = 0; i < heats.size(); ++i) ++all[bin(static_cast<int>(i))];
  for (const int pick : picks) ++picked[bin(pick)];
  const int most = *std::max_element(all.begin(), all.end());
  const auto bar = [&](int i, int count, const Color& color) {
    // On a logarithmic scale: a few picks are seen beside thousands.
    const int height = static_cast<int>((strip.rows - 2) * std::log1p(count) /
                                        std::log1p(most));
    const int left = i * strip.cols / kBins;
    const int right = (i + 1) * strip.cols / kBins;
    Blend(color, 1,
          {left, strip.rows - height, std::max(1, right - left - 1), height},
          &strip);
  };
  for (int i = 0; i < kBins; ++i) {
    bar(i, all[i], HeatOf((i + 0.5) / kBins));
    bar(i, picked[i], {255, 255, 255});
  }
}

}  // namespace

void DrawOverlay(const ImageView& frame, const Gaze& gaze, int height,
                 int width, uint8_t* rgb) {
  cv::Mat picture(height, width, CV_8UC3, rgb);
  picture.setTo(cv::Scalar(0, 0, 0));
  const int room = height - height / 8;
  const double scale = std::min(static_cast<double>(room) / frame.height,
                                static_cast<double>(width) / frame.width);
  const cv::Rect where((width - static_cast<int>(scale * frame.width)) / 2, 0,
                       static_cast<int>(scale * frame.width),
                       static_cast<int>(scale * frame.height));
  cv::Mat seen = picture(where);
  for (int i = 0; i < seen.rows; ++i) {
    for (int j = 0; j < seen.cols; ++j) {
      const int row = std::min(frame.height - 1, static_cast<int>(i / scale));
      const int column = std::min(frame.width - 1, static_cast<int>(j / scale));
      const uint8_t* const from =
          frame.data + (int64_t{row} * frame.width + column) * frame.channels;
      for (int c = 0; c < 3; ++c) {
        seen.at<Color>(i, j)[c] = from[frame.channels < 3 ? 0 : c];
      }
    }
  }
  if (gaze.votes.empty()) return;

  const auto place = [&](int patch, int side) {
    const double row = patch / gaze.columns * gaze.stride + gaze.patch / 2.0;
    const double column = patch % gaze.columns * gaze.stride + gaze.patch / 2.0;
    const int pixels = std::max(1, cvRound(side * scale));
    return cv::Rect(cvRound(column * scale - pixels / 2.0),
                    cvRound(row * scale - pixels / 2.0), pixels, pixels);
  };
  const std::vector<double> heats = Heats(gaze.votes);
  for (size_t i = 0; i < heats.size(); ++i) {
    const int patch = static_cast<int>(i);
    Blend(HeatOf(heats[i]), kHeat, place(patch, gaze.stride), &seen);
  }
  // The first one over the others.
  for (size_t rank = gaze.picks.size(); rank-- > 0;) {
    cv::Rect mark = place(gaze.picks[rank], gaze.patch);
    const int missing = kSmallestMark - mark.width;
    if (missing > 0) {
      mark.x -= missing / 2;
      mark.y -= missing / 2;
      mark.width = mark.height = kSmallestMark;
    }
    Blend(
        {255, 255, 255},
        1 - static_cast<double>(rank) / static_cast<double>(gaze.picks.size()),
        mark, &seen);
    if (mark.width < kSmallestLabelled) continue;
    cv::putText(seen, absl::StrCat(rank + 1),
                {mark.x + 1, mark.y + mark.height - 2}, cv::FONT_HERSHEY_PLAIN,
                0.7, cv::Scalar(0, 0, 0), 1, cv::LINE_AA);
  }
  DrawHistogram(heats, gaze.picks,
                picture(cv::Rect(0, room, width, height - room)));
}

}  // namespace starling
