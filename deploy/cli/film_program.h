// Where the small program is that writes films.
#ifndef STARLING_DEPLOY_CLI_FILM_PROGRAM_H_
#define STARLING_DEPLOY_CLI_FILM_PROGRAM_H_

#include <string>

#include "absl/status/statusor.h"

namespace starling {

// `film` beside this program, as installed, or ../media/film, as built.
// Unavailable, saying how to build it, if it is in neither place.
absl::StatusOr<std::string> FindFilmProgram();

}  // namespace starling

#endif  // STARLING_DEPLOY_CLI_FILM_PROGRAM_H_
