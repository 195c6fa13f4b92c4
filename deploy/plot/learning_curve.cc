#include "deploy/plot/learning_curve.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "aggregator/run_directory.h"
#include "aggregator/run_reader.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "deploy/plot/curve_series.h"

namespace starling {
namespace {

// Okabe and Ito's colours, which people with colour blindness tell apart.
constexpr const char* kColors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                   "#e69f00", "#56b4e9", "#7f7f7f", "#000000"};
constexpr int kNumColors = 8;
constexpr char kGrey[] = "#606060";
// Up to so many points of a curve are marked one by one.
constexpr size_t kMaxMarked = 40;
constexpr char kFixedTitle[] = "evaluation, fixed seeds";
constexpr char kFreshTitle[] = "evaluation, fresh seeds";

struct Scale {
  double factor;
  const char* label;
};

Scale ScaleOfSteps(double largest) {
  if (largest >= 2e6) return {1e-6, "environment steps (millions)"};
  if (largest >= 2e3) return {1e-3, "environment steps (thousands)"};
  return {1, "environment steps"};
}

std::string DataBlock(const std::string& name,
                      const std::vector<CurvePoint>& points, double factor) {
  std::string block = absl::StrCat("$", name, " << EOD\n");
  for (const CurvePoint& point : points) {
    absl::StrAppendFormat(&block, "%.9g %.9g %.9g %.9g\n", factor * point.x,
                          point.y, point.low, point.high);
  }
  return block + "EOD\n";
}

// What is drawn, later ones above earlier ones.
struct Layers {
  std::vector<std::string> bands, points, lines, key;

  std::string PlotLine() const {
    std::vector<std::string> all = bands;
    for (const auto* layer : {&lines, &points, &key}) {
      all.insert(all.end(), layer->begin(), layer->end());
    }
    return absl::StrCat("plot ", absl::StrJoin(all, ", \\\n     "), "\n");
  }
};

std::string KeyTitle(absl::string_view title) {
  return title.empty() ? "notitle"
                       : absl::StrCat("title ", QuoteForGnuplot(title));
}

// Colours and entries in the key of one series.
struct Look {
  std::string training_color, fixed_color, fresh_color;
  std::string line_title, band_title, fixed_title, fresh_title;
};

Look LookOfOnly(const CurveSeries& series, CurveOptions::Band band) {
  Look look = {kColors[0], kColors[1],  kColors[2], "training, mean",
               "",         kFixedTitle, kFreshTitle};
  if (series.num_runs > 1) {
    look.line_title =
        absl::StrCat("training, median of ", series.num_runs, " seeds");
    look.band_title = "least to largest of the seeds";
  } else {
    look.band_title = band == CurveOptions::Band::kStd
                          ? "one standard deviation about it"
                          : "least to largest episode";
  }
  return look;
}

void AddSeries(const CurveSeries& series, const std::string& name,
               const Look& look, Layers* layers) {
  if (!series.training.empty()) {
    layers->bands.push_back(
        absl::StrFormat("$%s_t using 1:3:4 with filledcurves lc rgb '%s' "
                        "fs transparent solid 0.16 noborder %s",
                        name, look.training_color, KeyTitle(look.band_title)));
    layers->lines.push_back(absl::StrFormat(
        "$%s_t using 1:2 with %s lw 2.5 lc rgb '%s' %s", name,
        series.training.size() <= kMaxMarked ? "linespoints pt 7 ps 0.5"
                                             : "lines",
        look.training_color, KeyTitle(look.line_title)));
  }
  if (!series.fixed.empty()) {
    layers->points.push_back(absl::StrFormat(
        "$%s_x using 1:2 with linespoints pt 7 ps 1.1 lw 1.2 dt 2 lc rgb '%s' "
        "%s",
        name, look.fixed_color, KeyTitle(look.fixed_title)));
  }
  if (!series.fresh.empty()) {
    layers->points.push_back(absl::StrFormat(
        "$%s_f using 1:2 with points pt 6 ps 1.4 lw 1.8 lc rgb '%s' %s", name,
        look.fresh_color, KeyTitle(look.fresh_title)));
  }
}

bool Any(const std::vector<CurveSeries>& all,
         std::vector<CurvePoint> CurveSeries::*points) {
  return std::any_of(all.begin(), all.end(), [&](const CurveSeries& series) {
    return !(series.*points).empty();
  });
}

// With several series a colour means a series: what points mean is said once,
// in grey.
void AddSharedKey(const std::vector<CurveSeries>& all, Layers* layers) {
  if (Any(all, &CurveSeries::fixed)) {
    layers->key.push_back(
        absl::StrFormat("NaN with points pt 7 ps 1.1 lc rgb '%s' %s", kGrey,
                        KeyTitle(kFixedTitle)));
  }
  if (Any(all, &CurveSeries::fresh)) {
    layers->key.push_back(
        absl::StrFormat("NaN with points pt 6 ps 1.4 lw 1.8 lc rgb '%s' %s",
                        kGrey, KeyTitle(kFreshTitle)));
  }
}

double LargestX(const std::vector<CurveSeries>& all) {
  double largest = 0;
  for (const CurveSeries& series : all) {
    for (const auto* points :
         {&series.training, &series.fixed, &series.fresh}) {
      for (const CurvePoint& point : *points) {
        largest = std::max(largest, point.x);
      }
    }
  }
  return largest;
}

std::string Title(absl::Span<const RunCurve> curves) {
  std::set<std::string> envs;
  for (const RunCurve& curve : curves) envs.insert(curve.env);
  if (curves.size() == 1) {
    return absl::StrCat(curves[0].env, ": ", curves[0].label);
  }
  return absl::StrJoin(envs, ", ");
}

std::string Frame(const std::string& title, const Scale& scale,
                  double largest_x) {
  return absl::StrCat(
      "set encoding utf8\nset title ", QuoteForGnuplot(title),
      " font ',17' offset 0,0.3\nset xlabel ", QuoteForGnuplot(scale.label),
      "\nset ylabel 'return of an episode'\n",
      absl::StrFormat("set border 3 lc rgb '%s'\n", kGrey),
      "set tics nomirror textcolor rgb '#202020'\n"
      "set grid back lt 1 lc rgb '#e0e0e0' lw 1\n"
      "set key below center horizontal samplen 3 spacing 1.3 "
      "textcolor rgb '#202020'\n"
      "set lmargin 12\nset rmargin 4\n",
      absl::StrFormat("set xrange [0:%.9g]\n",
                      largest_x > 0 ? 1.02 * scale.factor * largest_x : 1.0));
}

}  // namespace

absl::StatusOr<RunCurve> ReadCurve(const std::string& run) {
  ASSIGN_OR_RETURN(const v1::Experiment experiment, ReadRunExperiment(run));
  const absl::StatusOr<std::unique_ptr<RunStore>> store =
      OpenRunForReading(run);
  RunCurve curve;
  if (store.ok()) {
    ASSIGN_OR_RETURN(curve.rows, (*store)->ReadProgress());
  } else if (!absl::IsNotFound(store.status())) {
    return store.status();
  }
  if (curve.rows.empty()) {
    return absl::NotFoundError(absl::StrCat(
        run, " has nothing to plot yet: no generation of it is finished"));
  }
  curve.name = experiment.name();
  curve.label = absl::StrCat(experiment.name(), ", seed ", experiment.seed());
  const auto* env = v1::EnvConfig::descriptor()->FindFieldByNumber(
      static_cast<int>(experiment.env().kind_case()));
  curve.env = env == nullptr ? "?" : env->name();
  v1::Experiment kind = experiment;
  kind.clear_name();
  kind.clear_seed();
  curve.kind = SerializeDeterministically(kind);
  return curve;
}

std::string CurveScript(absl::Span<const RunCurve> curves,
                        const CurveOptions& options, PictureFormat format) {
  CHECK(!curves.empty());
  const std::vector<CurveSeries> all = MakeSeries(curves, options);
  const double largest_x = LargestX(all);
  const Scale scale = options.axis == CurveOptions::Axis::kEnvSteps
                          ? ScaleOfSteps(largest_x)
                          : Scale{1, "generation"};
  std::string script = TerminalLine(format, options.width, options.height);
  Layers layers;
  for (size_t i = 0; i < all.size(); ++i) {
    const CurveSeries& series = all[i];
    const std::string name = absl::StrCat("s", i);
    absl::StrAppend(&script,
                    DataBlock(name + "_t", series.training, scale.factor),
                    DataBlock(name + "_x", series.fixed, scale.factor),
                    DataBlock(name + "_f", series.fresh, scale.factor));
    const std::string color = kColors[i % kNumColors];
    const Look look = all.size() == 1
                          ? LookOfOnly(series, options.band)
                          : Look{color, color, color, series.title, "", "", ""};
    AddSeries(series, name, look, &layers);
  }
  if (all.size() > 1) AddSharedKey(all, &layers);
  // Where no number is finite, an empty frame.
  if (layers.lines.empty() && layers.points.empty()) {
    layers.key.push_back("NaN notitle");
  }
  return absl::StrCat(script, Frame(Title(curves), scale, largest_x),
                      layers.PlotLine());
}

absl::Status PlotLearningCurves(absl::Span<const std::string> runs,
                                const std::string& out,
                                const CurveOptions& options) {
  ASSIGN_OR_RETURN(const PictureFormat format, PictureFormatOf(out));
  if (runs.empty()) {
    return absl::InvalidArgumentError("plot: give at least one run directory");
  }
  std::vector<RunCurve> curves;
  for (const std::string& run : runs) {
    ASSIGN_OR_RETURN(RunCurve curve, ReadCurve(run));
    curves.push_back(std::move(curve));
  }
  ASSIGN_OR_RETURN(const std::string picture,
                   RunGnuplot(CurveScript(curves, options, format)));
  return WriteFileAtomically(out, picture);
}

}  // namespace starling
