// How far random features are from the kernel that they estimate.
#ifndef STARLING_DEPLOY_BENCH_FEATURES_BENCH_H_
#define STARLING_DEPLOY_BENCH_FEATURES_BENCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/attention.pb.h"

namespace starling {

struct FeaturesBenchOptions {
  // Numbers of a token, and the length of both vectors.
  int dim = 16;
  double norm = 1;
  // Projections of each kind; hybrids spend an eighth of them on their weights.
  int projections = 128;
  // Maps that are drawn for each number.
  int draws = 1000;
};

struct FeaturesRow {
  std::string kind;
  v1::FeatureConfig config;
  // Length of a feature vector.
  int feature_dim = 0;
  // Root mean squared error by angle, relative to the kernel: by the closed
  // form, measured with independent rows and with orthogonal ones. [angles]
  std::vector<double> expected, independent, orthogonal;
  // The largest of `expected` over all angles, and its mean.
  double worst = 0, mean = 0;
};

struct FeaturesBench {
  std::vector<double> degrees;
  std::vector<FeaturesRow> rows;
};

// The kinds with a closed form. InvalidArgument for options out of range.
absl::StatusOr<FeaturesBench> MeasureFeatures(
    const FeaturesBenchOptions& options);

// A script for RunGnuplot: error by angle, a curve a kind, measured points on
// it. `terminal` is a line of TerminalLine.
std::string FeaturesPicture(const FeaturesBench& bench,
                            const FeaturesBenchOptions& options,
                            const std::string& terminal);

}  // namespace starling

#endif  // STARLING_DEPLOY_BENCH_FEATURES_BENCH_H_
