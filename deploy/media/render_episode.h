// Films one episode, at the speed of life.
//
//   ASSIGN_OR_RETURN(
//       FilmedEpisode episode,
//       FilmEpisode(*env,
//                   [&](const Observation& seen, VectorRef action) {
//                     policy->Act(seen, action);
//                   },
//                   {.seed = 1, .path = "walk.mp4", .program = film_program}));
#ifndef STARLING_DEPLOY_MEDIA_RENDER_EPISODE_H_
#define STARLING_DEPLOY_MEDIA_RENDER_EPISODE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/observation.h"
#include "base/vectors.h"
#include "envs/env.h"

namespace starling {

// Writes an action within the bounds [action_size] for what is seen.
using ActFunction = std::function<void(const Observation&, VectorRef)>;

struct FilmEpisodeOptions {
  // Key of the episode's Rng.
  uint64_t seed = 1;
  // Where the film goes; ends in ".mp4".
  std::string path = "";
  // Path of the program `film`.
  std::string program = "";
  // Even, in [16, 4096].
  int height = 480;
  int width = 640;
  // Steps at most; 0: the task's own limit.
  int64_t max_steps = 0;
  // Paints rgb [height, width, 3] after the policy has acted on what it saw,
  // instead of the environment's own picture. May be empty.
  std::function<void(const Observation& seen, int height, int width,
                     uint8_t* rgb)>
      paint = nullptr;
  // Called after every picture with the steps that are done and the most there
  // can be. May be empty.
  std::function<void(int64_t step, int64_t max_steps)> progress = nullptr;
};

struct FilmedEpisode {
  double episode_return = 0;
  int64_t steps = 0;
  // kRunning if max_steps of the options ended it.
  Outcome outcome = Outcome::kRunning;
  int64_t pictures = 0;
  double pictures_per_s = 0;
};

// The policy starts its own episode before; its normaliser is up to `act`.
//
// Where the task has more than 60 control steps a second only every second,
// third, .. is drawn; the last one always is. A diverged episode is filmed up
// to there. FailedPrecondition if the task has no picture or this machine can't
// draw it; otherwise the errors of Film.
absl::StatusOr<FilmedEpisode> FilmEpisode(Env& env, const ActFunction& act,
                                          const FilmEpisodeOptions& options);

}  // namespace starling

#endif  // STARLING_DEPLOY_MEDIA_RENDER_EPISODE_H_
