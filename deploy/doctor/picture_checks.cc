// What films and curves need.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "deploy/cli/film_program.h"
#include "deploy/doctor/checks.h"
#include "deploy/media/film.h"
#include "deploy/plot/gnuplot.h"
#include "envs/env.h"
#include "envs/mujoco/headless_gl.h"

namespace starling {
namespace {

constexpr char kGraphicsPackages[] =
    "as root: apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri";

// Other programs' messages may have several lines.
std::string OneLine(const absl::Status& status) {
  return absl::StrReplaceAll(
      absl::string_view(status.message().data(), status.message().size()),
      {{"\n", " "}});
}

// The driver's name; the context is gone afterwards.
absl::StatusOr<std::string> Driver() {
  const absl::StatusOr<std::unique_ptr<HeadlessGl>> context =
      HeadlessGl::Create();
  if (!context.ok()) return context.status();
  return (*context)->renderer();
}

}  // namespace

CheckResult CheckGraphics() {
  const absl::StatusOr<std::string> driver = Driver();
  if (!driver.ok()) {
    return {false, OneLine(driver.status()), kGraphicsPackages};
  }
  v1::EnvConfig config;
  config.mutable_half_cheetah();
  const absl::StatusOr<std::unique_ptr<Env>> env = EnvRegistry::Make(config);
  if (!env.ok()) {
    return {false, OneLine(env.status()),
            "run deploy/setup.sh and build again"};
  }
  constexpr int kHeight = 120, kWidth = 160;
  std::vector<uint8_t> rgb(3 * kHeight * kWidth);
  (*env)->Reset(Rng(1));
  const bool drawn = (*env)->Draw(kHeight, kWidth, rgb.data());
  const auto [darkest, brightest] = std::minmax_element(rgb.begin(), rgb.end());
  if (!drawn || *brightest - *darkest < 32) {
    return {false,
            absl::StrCat(*driver, drawn ? " draws one colour only"
                                        : " can't draw a scene"),
            absl::StrCat("update the driver, or use Mesa's software renderer; ",
                         kGraphicsPackages)};
  }
  return {true, absl::StrCat("EGL on ", *driver), ""};
}

CheckResult CheckFilm() {
  const absl::StatusOr<std::string> program = FindFilmProgram();
  if (!program.ok()) {
    return {false, std::string(program.status().message()),
            "bazel build //deploy/media:film"};
  }
  const char* base = std::getenv("TMPDIR");
  FilmOptions options;
  options.program = *program;
  options.path = absl::StrCat(base == nullptr ? "/tmp" : base, "/starling-",
                              getpid(), ".mp4");
  options.height = 32;
  options.width = 32;
  const std::vector<uint8_t> grey(3 * 32 * 32, 128);
  absl::StatusOr<std::unique_ptr<Film>> film = Film::Start(options);
  absl::Status status = film.status();
  if (status.ok()) status = (*film)->Add(grey.data());
  if (status.ok()) status = (*film)->Finish();
  unlink(options.path.c_str());
  if (!status.ok()) {
    return {false, absl::StrCat("no H.264 film: ", OneLine(status)),
            "as root: apt-get install libopencv-videoio406 libavcodec59"};
  }
  return {true, absl::StrCat(*program, " writes H.264"), ""};
}

CheckResult CheckGnuplot() {
  const absl::StatusOr<std::string> picture = RunGnuplot(
      absl::StrCat(TerminalLine(PictureFormat::kSvg, 200, 100), "\nplot x\n"));
  if (!picture.ok()) {
    return {false, OneLine(picture.status()),
            "as root: apt-get install gnuplot-nox"};
  }
  return {true, "gnuplot draws", ""};
}

}  // namespace starling
