#include "deploy/media/png.h"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"

namespace starling {

absl::Status WritePng(const std::string& path, const uint8_t* rgb, int height,
                      int width) {
  if (height < 1 || width < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a picture must have pixels, got ", height, " x ", width));
  }
  std::vector<uint8_t> bytes;
  try {
    const cv::Mat picture(height, width, CV_8UC3, const_cast<uint8_t*>(rgb));
    cv::Mat bgr;
    cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
    if (!cv::imencode(".png", bgr, bytes)) {
      return absl::InternalError("OpenCV can't write PNG files");
    }
  } catch (const cv::Exception& error) {
    return absl::InternalError(
        absl::StrCat("OpenCV can't write ", path, ": ", error.what()));
  }
  return WriteFileAtomically(
      path, absl::string_view(reinterpret_cast<const char*>(bytes.data()),
                              bytes.size()));
}

}  // namespace starling
