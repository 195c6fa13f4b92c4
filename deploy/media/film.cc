#include "deploy/media/film.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "base/status.h"
#include "deploy/media/film_format.h"

extern char** environ;

namespace starling {

absl::StatusOr<std::unique_ptr<Film>> Film::Start(const FilmOptions& options) {
  if (!absl::EndsWith(options.path, ".mp4")) {
    return absl::InvalidArgumentError(
        absl::StrCat("a film's name must end in .mp4, got ", options.path));
  }
  if (!IsFilmSize(options.height) || !IsFilmSize(options.width)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a film's height and width must be even and in [16, 4096], got ",
        options.height, " x ", options.width));
  }
  if (!(options.pictures_per_s > 0 && options.pictures_per_s <= 240)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a film must have (0, 240] pictures a second, got ",
                     options.pictures_per_s));
  }

  // A socket rather than a pipe: writing to one that nobody reads can answer
  // an error instead of raising a signal.
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return absl::InternalError(
        absl::StrCat("socketpair fails: ", strerror(errno)));
  }
  const int messages = memfd_create("film-messages", MFD_CLOEXEC);
  if (messages < 0) {
    const int error = errno;
    close(sockets[0]);
    close(sockets[1]);
    return absl::InternalError(
        absl::StrCat("memfd_create fails: ", strerror(error)));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, sockets[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, messages, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
  std::string program = options.program;
  std::string path = options.path;
  char* const arguments[] = {program.data(), path.data(), nullptr};
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(sockets[1]);
  if (error != 0) {
    close(sockets[0]);
    close(messages);
    return absl::NotFoundError(absl::StrCat(
        "can't start the program that writes films, ", options.program, ": ",
        strerror(error), "; it is built as //deploy/media:film"));
  }
  std::unique_ptr<Film> film(new Film(options, pid, sockets[0], messages));
  const std::string header = absl::StrFormat(
      kFilmHeaderPrint, options.width, options.height, options.pictures_per_s);
  RETURN_IF_ERROR(film->Send(header.data(), header.size()));
  return film;
}

Film::~Film() {
  if (input_ >= 0) close(input_);
  if (pid_ > 0) {
    // The end of its input is enough; it removes its file and ends.
    waitpid(pid_, nullptr, 0);
  }
  close(messages_);
}

absl::Status Film::Send(const void* data, size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = send(input_, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      // It ended: what it said is a better reason than ours.
      const std::string reason = strerror(errno);
      RETURN_IF_ERROR(Wait());
      return absl::InternalError(
          absl::StrCat("can't write to ", options_.program, ": ", reason));
    }
    bytes += sent;
    size -= sent;
  }
  return absl::OkStatus();
}

absl::Status Film::Add(const uint8_t* rgb) {
  RETURN_IF_ERROR(Send(&kFilmPicture, 1));
  return Send(rgb, size_t{3} * options_.height * options_.width);
}

absl::Status Film::Finish() {
  RETURN_IF_ERROR(Send(&kFilmEnd, 1));
  return Wait();
}

absl::Status Film::Wait() {
  if (pid_ < 0) {
    return absl::FailedPreconditionError("the film has ended already");
  }
  close(input_);
  input_ = -1;
  int status = 0;
  pid_t ended;
  do {
    ended = waitpid(pid_, &status, 0);
  } while (ended < 0 && errno == EINTR);
  pid_ = -1;
  if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return absl::OkStatus();
  }
  const std::string end =
      WIFSIGNALED(status)
          ? absl::StrCat("was ended by signal ", WTERMSIG(status))
          : absl::StrCat("ended with status ", WEXITSTATUS(status));
  const std::string message = LastMessage();
  return absl::InternalError(
      absl::StrCat("no film ", options_.path, ": ", options_.program, " ", end,
                   message.empty() ? "" : ": ", message));
}

std::string Film::LastMessage() const {
  // Codecs talk a lot: its own words begin with its name.
  constexpr absl::string_view kMark = "film: ";
  char buffer[4096];
  const off_t size = lseek(messages_, 0, SEEK_END);
  const off_t start =
      std::max<off_t>(0, size - static_cast<off_t>(sizeof(buffer)));
  const ssize_t got = pread(messages_, buffer, sizeof(buffer), start);
  absl::string_view text(buffer, std::max<ssize_t>(got, 0));
  const size_t found = text.rfind(kMark);
  if (found != absl::string_view::npos)
    text.remove_prefix(found + kMark.size());
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return std::string(text);
}

}  // namespace starling
