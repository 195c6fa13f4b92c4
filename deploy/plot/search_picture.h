// A search for an architecture in one picture: returns and the controller's
// entropy over the generations, the front of return against cost, and how
// probable each edge of each layer is.
#ifndef STARLING_DEPLOY_PLOT_SEARCH_PICTURE_H_
#define STARLING_DEPLOY_PLOT_SEARCH_PICTURE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/run_store.h"
#include "base/parameter_layout.h"
#include "base/search_space.h"
#include "deploy/plot/gnuplot.h"
#include "proto/checkpoint.pb.h"

namespace starling {

// [rows, cols] of probabilities, row by row: rows are units, columns what they
// read.
struct HeatMap {
  std::string title;
  int rows = 0;
  int cols = 0;
  std::vector<float> values;
};

// Where the space decides about each weight of the layout's matrices, in their
// order (edges of a set, bits of a mask, classes of a partition): the
// probability of each edge, or of its most likely class. Else none.
// `probabilities` are Controller::Probabilities, decision by decision.
std::vector<HeatMap> EdgeHeatMaps(const SearchSpace& space,
                                  const ParameterLayout& layout,
                                  const std::vector<float>& probabilities);

struct SearchPicture {
  std::string title;
  // What the controller counts as a cost: "live parameters".
  std::string cost;
  // By generation; with a search.
  std::vector<ProgressRow> rows;
  std::vector<v1::FrontEntry> front;
  std::vector<HeatMap> heat_maps;
};

// FailedPrecondition: the run is no search; the errors of OpenRunForReading and
// of its newest checkpoint.
absl::StatusOr<SearchPicture> ReadSearch(const std::string& run);

// The gnuplot script that draws it.
std::string SearchScript(const SearchPicture& picture, int width, int height,
                         PictureFormat format);

// Reads the run and writes the picture, as PlotLearningCurves does.
absl::Status PlotSearch(const std::string& run, const std::string& out,
                        int width, int height);

}  // namespace starling

#endif  // STARLING_DEPLOY_PLOT_SEARCH_PICTURE_H_
