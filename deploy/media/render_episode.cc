#include "deploy/media/render_episode.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/rng.h"
#include "base/status.h"
#include "deploy/media/film.h"

namespace starling {
namespace {

constexpr double kMaxPicturesPerSecond = 60;
// Where the task knows no time.
constexpr double kDefaultPicturesPerSecond = 30;

}  // namespace

absl::StatusOr<FilmedEpisode> FilmEpisode(Env& env, const ActFunction& act,
                                          const FilmEpisodeOptions& options) {
  const v1::EnvSpec& spec = env.spec();
  const double steps_per_s = spec.control_period_s() > 0
                                 ? 1 / spec.control_period_s()
                                 : kDefaultPicturesPerSecond;
  // Rounding of the period must not make 60 steps a second too many.
  const auto steps_per_picture = static_cast<int64_t>(
      std::max(1.0, std::ceil(steps_per_s / kMaxPicturesPerSecond - 1e-6)));
  int64_t max_steps = spec.max_steps();
  if (options.max_steps > 0) max_steps = std::min(max_steps, options.max_steps);
  FilmedEpisode episode;
  episode.pictures_per_s = steps_per_s / steps_per_picture;

  ASSIGN_OR_RETURN(std::unique_ptr<Film> film,
                   Film::Start({.program = options.program,
                                .path = options.path,
                                .height = options.height,
                                .width = options.width,
                                .pictures_per_s = episode.pictures_per_s}));
  std::vector<uint8_t> rgb(size_t{3} * options.height * options.width);
  const auto add_picture = [&]() -> absl::Status {
    if (options.paint) {
      options.paint(env.observation(), options.height, options.width,
                    rgb.data());
    } else if (!env.Draw(options.height, options.width, rgb.data())) {
      return absl::FailedPreconditionError(
          absl::StrCat("there is no picture of ", spec.name(),
                       ": the task has none, or the log says why this machine "
                       "can't draw it"));
    }
    RETURN_IF_ERROR(film->Add(rgb.data()));
    ++episode.pictures;
    if (options.progress) options.progress(episode.steps, max_steps);
    return absl::OkStatus();
  };

  Eigen::VectorXf action(spec.action_size());
  env.Reset(Rng(options.seed));
  if (!options.paint) RETURN_IF_ERROR(add_picture());
  while (episode.outcome == Outcome::kRunning && episode.steps < max_steps) {
    act(env.observation(), action);
    if (options.paint && episode.steps % steps_per_picture == 0) {
      RETURN_IF_ERROR(add_picture());
    }
    const StepResult result = env.Step(action);
    ++episode.steps;
    episode.outcome = result.outcome;
    if (result.outcome != Outcome::kDiverged) {
      episode.episode_return += result.reward;
    }
    const bool is_last =
        result.outcome != Outcome::kRunning || episode.steps == max_steps;
    if (!options.paint && (is_last || episode.steps % steps_per_picture == 0)) {
      RETURN_IF_ERROR(add_picture());
    }
  }
  RETURN_IF_ERROR(film->Finish());
  return episode;
}

}  // namespace starling
