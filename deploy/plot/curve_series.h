// The numbers of a learning curve, ready to be drawn.
#ifndef STARLING_DEPLOY_PLOT_CURVE_SERIES_H_
#define STARLING_DEPLOY_PLOT_CURVE_SERIES_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "deploy/plot/learning_curve.h"

namespace starling {

struct CurvePoint {
  double x = 0;
  double y = 0;
  // Ends of the band; y where there is none.
  double low = 0, high = 0;
};

// Points by x; only finite numbers.
struct CurveSeries {
  std::string title;
  // How many seeds it joins.
  int num_runs = 1;
  std::vector<CurvePoint> training, fixed, fresh;
};

// One series for each run, or for each group of runs of one kind if
// options.join_seeds, in the order in which they first appear. Labels that
// would be equal are numbered.
std::vector<CurveSeries> MakeSeries(absl::Span<const RunCurve> curves,
                                    const CurveOptions& options);

}  // namespace starling

#endif  // STARLING_DEPLOY_PLOT_CURVE_SERIES_H_
