// Writes an mp4 by feeding the program `film` (film_main.cc).
//
//   ASSIGN_OR_RETURN(std::unique_ptr<Film> film, Film::Start(
//       {.program = "film", .path = "a.mp4", .height = 480, .width = 640,
//        .pictures_per_s = 20}));
//   RETURN_IF_ERROR(film->Add(rgb));  // for each picture
//   RETURN_IF_ERROR(film->Finish());
//
// The file is there, complete, after Finish answered OK; in every other case no
// file is left and one of the same name stays as it was. Not thread-safe.
#ifndef STARLING_DEPLOY_MEDIA_FILM_H_
#define STARLING_DEPLOY_MEDIA_FILM_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace starling {

struct FilmOptions {
  // Path of the program.
  std::string program = "";
  // Of the film; ends in ".mp4".
  std::string path = "";
  // Even, in [16, 4096].
  int height = 480;
  int width = 640;
  // In (0, 240].
  double pictures_per_s = 20;
};

class Film {
 public:
  // InvalidArgument for options out of range; NotFound if the program is not
  // there.
  static absl::StatusOr<std::unique_ptr<Film>> Start(
      const FilmOptions& options);
  // Gives up a film that is not finished.
  ~Film();
  Film(const Film&) = delete;
  Film& operator=(const Film&) = delete;

  // rgb [height, width, 3], top row first. Internal, with what the program
  // said, if it ended early.
  absl::Status Add(const uint8_t* rgb);
  // Waits until the file is written. Nothing may be called after it.
  absl::Status Finish();

 private:
  Film(const FilmOptions& options, pid_t pid, int input, int messages)
      : options_(options), pid_(pid), input_(input), messages_(messages) {}
  absl::Status Send(const void* data, size_t size);
  // Waits for the program's end. Internal, with its own words, unless it ended
  // well.
  absl::Status Wait();
  std::string LastMessage() const;

  const FilmOptions options_;
  pid_t pid_;     // -1 after its end
  int input_;     // our end of its standard input; -1 when closed
  int messages_;  // an unnamed file that takes its standard error
};

}  // namespace starling

#endif  // STARLING_DEPLOY_MEDIA_FILM_H_
