#include "deploy/plot/search_picture.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "aggregator/architecture_search.h"
#include "aggregator/checkpoint.h"
#include "aggregator/run_directory.h"
#include "aggregator/run_reader.h"
#include "base/file.h"
#include "base/status.h"
#include "deploy/run/pareto_csv.h"
#include "policies/policy.h"

namespace starling {
namespace {

// Okabe and Ito's colours, which people with colour blindness tell apart.
constexpr char kBlue[] = "#0072b2", kOrange[] = "#d55e00", kGreen[] = "#009e73",
               kGrey[] = "#606060";
// More layers than these are not drawn.
constexpr size_t kMaxHeatMaps = 4;

std::string CostName(const v1::ObjectivesConfig& config) {
  switch (config.cost()) {
    case v1::ObjectivesConfig::PARAMETERS:
      return "live parameters";
    case v1::ObjectivesConfig::MULTIPLY_ADDS:
      return "multiply-adds of an act";
    case v1::ObjectivesConfig::BITS:
      return "bits";
    case v1::ObjectivesConfig::LATENCY:
      return "nanoseconds of an act";
  }
  return "cost";
}

// Probability of each weight: of the edge, or of its most likely class.
std::vector<float> WeightProbabilities(const SearchSpace& space,
                                       const std::vector<float>& all) {
  std::vector<float> weights;
  size_t at = 0;
  for (int d = 0; d < space.num_decisions(); ++d) {
    const int values = space.num_values(d);
    const int rows = space.is_set(d) ? 1 : space.num_places(d);
    if (at + static_cast<size_t>(rows) * values > all.size()) return {};
    const bool is_mask = !space.is_set(d) && values == 2;
    const bool is_about_edges =
        absl::EndsWith(space.name(d), "edges") || space.name(d) == "weights";
    for (int row = 0; row < rows && is_about_edges; ++row) {
      const auto first = all.begin() + at + static_cast<size_t>(row) * values;
      if (space.is_set(d)) {
        weights.insert(weights.end(), first, first + values);
      } else if (is_mask) {
        weights.push_back(first[1]);
      } else {
        weights.push_back(*std::max_element(first, first + values));
      }
    }
    at += static_cast<size_t>(rows) * values;
  }
  return weights;
}

// Of a panel at this place of the picture, in shares.
std::string Panel(double x, double y, double width, double height) {
  return absl::StrFormat("set origin %g,%g\nset size %g,%g\n", x, y, width,
                         height);
}

std::string ReturnsData(const SearchPicture& picture) {
  std::string training = "$training << EOD\n", chosen = "$chosen << EOD\n",
              sampled = "$sampled << EOD\n", entropy = "$entropy << EOD\n";
  for (const ProgressRow& row : picture.rows) {
    const Progress& progress = row.progress;
    const auto add = [&](std::string* block, double y) {
      if (std::isfinite(y)) {
        absl::StrAppendFormat(block, "%d %.9g\n", progress.generation, y);
      }
    };
    if (progress.training.episodes > 0) add(&training, progress.training.mean);
    if (progress.fixed.has_value()) add(&chosen, progress.fixed->mean);
    if (!progress.search.has_value()) continue;
    if (progress.search->sampled.has_value()) {
      add(&sampled, progress.search->sampled->mean);
    }
    if (progress.search->entropy.has_value()) {
      add(&entropy, 100 * *progress.search->entropy);
    }
  }
  return absl::StrCat(training, "EOD\n", chosen, "EOD\n", sampled, "EOD\n",
                      entropy, "EOD\n");
}

// The first generation of each later stage, as a vertical line.
std::string StageLines(const SearchPicture& picture) {
  std::string lines;
  std::optional<v1::SearchState::Stage> before;
  for (const ProgressRow& row : picture.rows) {
    if (!row.progress.search.has_value()) continue;
    const v1::SearchState::Stage stage = row.progress.search->stage;
    if (before.has_value() && stage != *before &&
        stage == v1::SearchState::FINE_TUNING) {
      absl::StrAppendFormat(
          &lines,
          "set arrow from first %d, graph 0 to first %d, graph 1 nohead dt 3 "
          "lc rgb '%s'\nset label 'fine-tuning' at first %d, graph 0.06 "
          "offset 0.5,0 textcolor rgb '%s'\n",
          row.progress.generation, row.progress.generation, kGrey,
          row.progress.generation, kGrey);
    }
    before = stage;
  }
  return lines;
}

std::string ReturnsPanel(const SearchPicture& picture) {
  return absl::StrCat(
      "set title 'return and entropy'\nset xlabel 'generation'\n"
      "set ylabel 'return of an episode'\nset y2label 'entropy of the "
      "controller, %'\nset y2range [0:105]\nset y2tics\nset ytics nomirror\n"
      "set key left top samplen 2 opaque\n",
      StageLines(picture),
      absl::StrFormat(
          "plot $training using 1:2 with lines lw 1.5 lc rgb '%s' title "
          "'training', $sampled using 1:2 with linespoints pt 6 lw 1.5 lc rgb "
          "'%s' title 'proposals', $chosen using 1:2 with linespoints pt 7 lw "
          "2 lc rgb '%s' title 'the choice', $entropy using 1:2 axes x1y2 with "
          "lines dt 2 lw 2 lc rgb '%s' title 'entropy'\n",
          "#b0b0b0", kOrange, kBlue, kGreen),
      "unset arrow\nunset label\nunset y2label\nunset y2tics\n");
}

std::string FrontPanel(const SearchPicture& picture) {
  std::string script = absl::StrCat(
      "set title 'front: return against cost (shared weights)'\nset xlabel ",
      QuoteForGnuplot(picture.cost),
      "\nset ylabel 'return of an episode'\nunset key\n$front << EOD\n");
  for (const v1::FrontEntry& entry : picture.front) {
    const double half = HalfWidth95(entry);
    absl::StrAppendFormat(&script, "%.9g %.9g %.9g\n", entry.cost(),
                          entry.mean(), std::isfinite(half) ? half : 0);
  }
  absl::StrAppendFormat(
      &script,
      "EOD\nplot $front using 1:2:3 with yerrorbars pt 7 lc rgb '%s', $front "
      "using 1:2 with steps dt 3 lc rgb '%s'\n",
      kBlue, kGrey);
  return script;
}

std::string HeatPanel(const HeatMap& map, int number) {
  std::string script = absl::StrFormat("$heat%d << EOD\n", number);
  for (int row = 0; row < map.rows; ++row) {
    for (int col = 0; col < map.cols; ++col) {
      absl::StrAppendFormat(&script, "%.4g ", map.values[row * map.cols + col]);
    }
    absl::StrAppend(&script, "\n");
  }
  absl::StrAppend(
      &script, "EOD\nset title ", QuoteForGnuplot(map.title),
      "\nset xlabel 'from'\nset ylabel 'to'\nunset key\nset cbrange [0:1]\n",
      absl::StrFormat("set xrange [-0.5:%g]\nset yrange [%g:-0.5]\n",
                      map.cols - 0.5, map.rows - 0.5),
      absl::StrFormat(
          "plot $heat%d matrix with image notitle\nset autoscale x\nset "
          "autoscale y\n",
          number));
  return script;
}

}  // namespace

std::vector<HeatMap> EdgeHeatMaps(const SearchSpace& space,
                                  const ParameterLayout& layout,
                                  const std::vector<float>& probabilities) {
  const std::vector<float> weights = WeightProbabilities(space, probabilities);
  std::vector<HeatMap> maps;
  size_t at = 0;
  for (const ParameterBlock& block : layout) {
    if (!absl::EndsWith(block.name, ".weights")) continue;
    const size_t size = static_cast<size_t>(block.rows) * block.cols;
    if (at + size > weights.size()) return {};
    maps.push_back({block.name,
                    block.rows,
                    block.cols,
                    {weights.begin() + at, weights.begin() + at + size}});
    at += size;
  }
  if (at != weights.size()) return {};
  return maps;
}

absl::StatusOr<SearchPicture> ReadSearch(const std::string& run) {
  ASSIGN_OR_RETURN(const v1::Experiment experiment, ReadRunExperiment(run));
  if (!ArchitectureSearch::IsWanted(experiment)) {
    return absl::FailedPreconditionError(
        absl::StrCat(run, " is no search: it has no controller"));
  }
  SearchPicture picture;
  picture.title = absl::StrCat(experiment.name(), ", seed ", experiment.seed());
  picture.cost = CostName(experiment.objectives());
  ASSIGN_OR_RETURN(const std::unique_ptr<RunStore> store,
                   OpenRunForReading(run));
  ASSIGN_OR_RETURN(picture.rows, store->ReadProgress());
  ASSIGN_OR_RETURN(const CheckpointStore checkpoints,
                   CheckpointStore::Open(RunPaths(run).checkpoints,
                                         CheckpointStore::Access::kReader));
  ASSIGN_OR_RETURN(const v1::Checkpoint checkpoint,
                   checkpoints.LoadNewest(nullptr));
  picture.front.assign(checkpoint.search().front().begin(),
                       checkpoint.search().front().end());
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Policy> policy,
      PolicyRegistry::Make(experiment.policy(), checkpoint.env_spec()));
  // A partition's classes have no matrices: those of the edges they colour.
  ParameterLayout layout = policy->layout();
  if (experiment.policy().has_weight_shared()) {
    v1::PolicyConfig dense = experiment.policy();
    *dense.mutable_mlp() = v1::Mlp(experiment.policy().weight_shared().mlp());
    ASSIGN_OR_RETURN(const std::unique_ptr<Policy> whole,
                     PolicyRegistry::Make(dense, checkpoint.env_spec()));
    layout = whole->layout();
  }
  for (auto row = picture.rows.rbegin(); row != picture.rows.rend(); ++row) {
    if (!row->progress.search.has_value() ||
        row->progress.search->probabilities.empty()) {
      continue;
    }
    picture.heat_maps = EdgeHeatMaps(policy->search_space(), layout,
                                     row->progress.search->probabilities);
    break;
  }
  return picture;
}

std::string SearchScript(const SearchPicture& picture, int width, int height,
                         PictureFormat format) {
  const size_t num_maps = std::min(picture.heat_maps.size(), kMaxHeatMaps);
  const double below = num_maps > 0 ? 0.46 : 0;
  const double above = 0.95 - below;
  const double left = picture.front.empty() ? 1 : 0.58;
  std::string script = absl::StrCat(
      TerminalLine(format, width, height),
      "set encoding utf8\nset multiplot title ", QuoteForGnuplot(picture.title),
      " font ',17'\nset tics textcolor rgb '#202020'\nset grid back lt 1 lc "
      "rgb '#e0e0e0' lw 1\nset palette defined (0 '#ffffff', 0.5 '#56b4e9', 1 "
      "'#003050')\n",
      ReturnsData(picture), Panel(0, below, left, above),
      ReturnsPanel(picture));
  if (!picture.front.empty()) {
    absl::StrAppend(&script, Panel(left, below, 1 - left, above),
                    FrontPanel(picture));
  }
  for (size_t i = 0; i < num_maps; ++i) {
    const double share = 1.0 / static_cast<double>(num_maps);
    absl::StrAppend(&script,
                    Panel(static_cast<double>(i) * share, 0, share, below),
                    HeatPanel(picture.heat_maps[i], static_cast<int>(i)));
  }
  return absl::StrCat(script, "unset multiplot\n");
}

absl::Status PlotSearch(const std::string& run, const std::string& out,
                        int width, int height) {
  ASSIGN_OR_RETURN(const PictureFormat format, PictureFormatOf(out));
  ASSIGN_OR_RETURN(const SearchPicture picture, ReadSearch(run));
  ASSIGN_OR_RETURN(const std::string drawn,
                   RunGnuplot(SearchScript(picture, width, height, format)));
  return WriteFileAtomically(out, drawn);
}

}  // namespace starling
