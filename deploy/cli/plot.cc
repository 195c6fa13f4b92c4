// starling plot: how did the returns grow?
#include <iostream>
#include <string>
#include <vector>

#include "base/status.h"
#include "deploy/cli/exit_code.h"
#include "deploy/cli/flags.h"
#include "deploy/cli/verb.h"
#include "deploy/plot/learning_curve.h"
#include "deploy/plot/search_picture.h"

namespace starling {
namespace {

class Plot : public Verb {
 public:
  void Declare(CLI::App& app) override {
    AddPositionals(app, "RUN", &runs_,
                   "Run directories. Those that differ in nothing but the seed "
                   "are joined to one curve.");
    AddText(app, "--out", &out_, "F.png|F.svg",
            "The picture. Default: learning_curve.png in the run's directory, "
            "or in this folder where there are several runs.");
    AddChoice(app, "--x", &axis_, {"steps", "generations"},
              "What the curves are drawn against.");
    AddChoice(app, "--band", &band_, {"std", "minmax"},
              "What surrounds the mean return of a run.");
    app.add_flag("--separate", separate_,
                 "One curve a run, whatever its seed.");
    app.add_flag("--search", search_,
                 "Of one search: returns with the controller's entropy, the "
                 "front, and how probable each edge is.");
    AddInteger(app, "--width", &options_.width, 200, 10000, "Pixels.");
    AddInteger(app, "--height", &options_.height, 200, 10000, "Pixels.");
  }

  absl::Status Run() override {
    if (search_) return DrawSearch();
    if (out_.empty()) {
      out_ = runs_.size() == 1 ? runs_[0] + "/learning_curve.png"
                               : "learning_curve.png";
    }
    // A bad name for the picture is bad usage, a bad run is bad data.
    RETURN_IF_ERROR(PictureFormatOf(out_).status());
    options_.axis = axis_ == "steps" ? CurveOptions::Axis::kEnvSteps
                                     : CurveOptions::Axis::kGenerations;
    options_.band =
        band_ == "std" ? CurveOptions::Band::kStd : CurveOptions::Band::kMinMax;
    options_.join_seeds = !separate_;
    for (const std::string& run : runs_) {
      const absl::Status readable = ReadCurve(run).status();
      if (!readable.ok()) return AsDataError(readable);
    }
    RETURN_IF_ERROR(PlotLearningCurves(runs_, out_, options_));
    std::cout << out_ << "\n";
    return absl::OkStatus();
  }

 private:
  absl::Status DrawSearch() {
    if (runs_.size() != 1) {
      return absl::InvalidArgumentError("--search draws one run");
    }
    if (out_.empty()) out_ = runs_[0] + "/search.png";
    RETURN_IF_ERROR(PictureFormatOf(out_).status());
    const absl::Status drawn =
        PlotSearch(runs_[0], out_, options_.width, options_.height);
    if (absl::IsFailedPrecondition(drawn)) {
      return absl::InvalidArgumentError(drawn.message());
    }
    if (!drawn.ok()) return AsDataError(drawn);
    std::cout << out_ << "\n";
    return absl::OkStatus();
  }

  std::vector<std::string> runs_;
  std::string out_;
  bool search_ = false;
  std::string axis_ = "steps";
  std::string band_ = "std";
  bool separate_ = false;
  CurveOptions options_;
};

STARLING_REGISTER_VERB(
    plot, Plot,
    {"plot",
     VerbGroup::kPolicy,
     "Draws learning curves, one run's or several side by side, or a search.",
     {"starling plot runs/inverted_pendulum_ars-s1",
      "starling plot runs/inverted_pendulum_ars-s1 --x generations --out "
      "curve.svg"}});

}  // namespace
}  // namespace starling
