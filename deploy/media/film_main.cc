// film: raw pictures on standard input become an H.264 mp4 that browsers play.
//
//   film OUT.mp4 < pictures
//
// Input: one line "film1 WIDTH HEIGHT FPS", then for each picture the byte 'P'
// and its pixels, RGB [HEIGHT, WIDTH, 3], then the byte 'E'. WIDTH and HEIGHT
// are even. The file appears, complete, when the 'E' has come; input that ends
// before it leaves no file. Errors: one line on standard error that begins with
// "film: ", and status 1.
//
// A program of its own because OpenCV's video library loads 240 others.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmath>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <string>

#include "deploy/media/film_format.h"

namespace {

std::string temporary;  // removed if anything goes wrong

int Fail(const std::string& what) {
  fprintf(stderr, "\nfilm: %s\n", what.c_str());
  if (!temporary.empty()) unlink(temporary.c_str());
  return 1;
}

// Only what is safe in a signal handler.
void RemoveAndExit(int signal) {
  unlink(temporary.c_str());
  _exit(128 + signal);
}

int Run(const std::string& path) {
  int width = 0;
  int height = 0;
  double fps = 0;
  char line[128];
  if (fgets(line, sizeof(line), stdin) == nullptr ||
      sscanf(line, starling::kFilmHeaderScan, &width, &height, &fps) != 3) {
    return Fail("the input does not begin with \"film1 WIDTH HEIGHT FPS\"");
  }
  if (!starling::IsFilmSize(width) || !starling::IsFilmSize(height) ||
      !(fps > 0 && fps <= 240)) {
    return Fail(
        "width and height must be even, in [16, 4096], and fps in "
        "(0, 240]; got " +
        std::string(line, strcspn(line, "\n")));
  }

  // The suffix tells the library what to write.
  temporary = path + ".part" + std::to_string(getpid()) + ".mp4";
  cv::VideoWriter writer(temporary, cv::CAP_FFMPEG,
                         cv::VideoWriter::fourcc('a', 'v', 'c', '1'), fps,
                         cv::Size(width, height));
  if (!writer.isOpened()) {
    return Fail("can't write H.264 to " + temporary +
                ": is the folder there and writable, and has OpenCV's FFmpeg "
                "the codec libx264?");
  }
  cv::Mat rgb(height, width, CV_8UC3);
  cv::Mat bgr;
  int pictures = 0;
  for (;;) {
    const int mark = getchar();
    if (mark == starling::kFilmEnd) break;
    if (mark != starling::kFilmPicture ||
        fread(rgb.data, 3, rgb.total(), stdin) != rgb.total()) {
      return Fail("the input ends in the middle, after " +
                  std::to_string(pictures) + " pictures");
    }
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    writer.write(bgr);
    ++pictures;
  }
  writer.release();
  if (pictures == 0) return Fail("there are no pictures");

  // The library does not say when a disk is full: look what came of it.
  const cv::VideoCapture check(temporary, cv::CAP_FFMPEG);
  const double found =
      check.isOpened() ? check.get(cv::CAP_PROP_FRAME_COUNT) : 0;
  if (std::lround(found) != pictures) {
    return Fail(temporary + " holds " + std::to_string(std::lround(found)) +
                " of " + std::to_string(pictures) +
                " pictures: is the disk full?");
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return Fail("can't rename to " + path + ": " + strerror(errno));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') {
    fprintf(stderr, "usage: film OUT.mp4 < pictures\n");
    return 2;
  }
  signal(SIGTERM, RemoveAndExit);
  signal(SIGINT, RemoveAndExit);
  try {
    return Run(argv[1]);
  } catch (const std::exception& error) {
    return Fail(error.what());
  }
}
