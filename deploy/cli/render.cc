// starling render: a film of an episode.
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "base/status.h"
#include "deploy/cli/actor.h"
#include "deploy/cli/film_program.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/policy_argument.h"
#include "deploy/cli/verb.h"
#include "deploy/media/overlay.h"
#include "deploy/media/render_episode.h"
#include "envs/env.h"

namespace starling {
namespace {

class Render : public Verb {
 public:
  void Declare(CLI::App& app) override {
    policy_.Declare(app);
    AddText(app, "--out", &options_.path, "F.mp4",
            "The film. Default: videos/ in the run's directory.");
    AddSeed(app, "--seed", &seed_, "Of the episode: as for starling trace.");
    AddInteger(app, "--width", &options_.width, 16, 4096, "Pixels, even.");
    AddInteger(app, "--height", &options_.height, 16, 4096, "Pixels, even.");
    app.add_flag("--overlay", overlay_, "Draws what the policy looks at.");
  }

  absl::Status Run() override {
    ASSIGN_OR_RETURN(const LoadedPolicy policy, policy_.Load());
    if (overlay_ && policy.env_spec.image_height() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(policy_.path(),
                       ": this policy reads no images, so there is nothing "
                       "to overlay; leave --overlay out"));
    }
    ASSIGN_OR_RETURN(options_.program, FindFilmProgram());
    ASSIGN_OR_RETURN(const std::unique_ptr<Env> env,
                     EnvRegistry::Make(policy.experiment.env()));
    ASSIGN_OR_RETURN(
        const std::unique_ptr<Actor> actor,
        Actor::Create(policy.experiment, policy.env_spec, policy.state));
    RETURN_IF_ERROR(ChoosePath());
    options_.seed = DeriveSeed(seed_, Stream::kEnv, 0, 0, 0);
    if (isatty(STDERR_FILENO)) options_.progress = ShowProgress;

    actor->Reset();
    const auto act = [&actor](const Observation& seen, VectorRef action) {
      actor->Act(seen, action);
    };
    if (overlay_) {
      options_.paint = [&actor](const Observation& seen, int height, int width,
                                uint8_t* rgb) {
        DrawOverlay(seen.image, actor->gaze(), height, width, rgb);
      };
    }
    const absl::StatusOr<FilmedEpisode> film = FilmEpisode(*env, act, options_);
    if (options_.progress) std::cerr << "\r\033[K";
    if (film.status().code() == absl::StatusCode::kFailedPrecondition) {
      // Another machine can: no refusal, but no start either.
      return absl::UnavailableError(film.status().message());
    }
    RETURN_IF_ERROR(film.status());
    std::cerr << absl::StrFormat(
        "%s: return %.6g in %d steps; %d pictures, %.3g a second\n",
        policy.description, film->episode_return, film->steps, film->pictures,
        film->pictures_per_s);
    std::cout << options_.path << "\n";
    return absl::OkStatus();
  }

 private:
  absl::Status ChoosePath() {
    if (!options_.path.empty()) return absl::OkStatus();
    const std::string folder = absl::StrCat(policy_.path(), "/videos");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
      return absl::PermissionDeniedError(absl::StrCat(
          folder, ": ", error.message(), "; give --out a path to write to"));
    }
    options_.path = absl::StrCat(folder, "/", policy_.checkpoint(), "-s", seed_,
                                 overlay_ ? "-overlay" : "", ".mp4");
    return absl::OkStatus();
  }

  static void ShowProgress(int64_t step, int64_t max_steps) {
    std::cerr << absl::StrFormat("\rfilming: step %d of at most %d", step,
                                 max_steps);
  }

  PolicyArgument policy_;
  FilmEpisodeOptions options_;
  uint64_t seed_ = 1;
  bool overlay_ = false;
};

STARLING_REGISTER_VERB(
    render, Render,
    {"render",
     VerbGroup::kPolicy,
     "Films an episode.",
     {"starling render runs/inverted_pendulum_ars-s1",
      "starling render runs/inverted_pendulum_ars-s1 --seed 7 --out "
      "pendulum.mp4"}});

}  // namespace
}  // namespace starling
