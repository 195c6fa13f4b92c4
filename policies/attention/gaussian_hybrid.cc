// Trigonometric and hyperbolic features, mixed by how nearly query and key are
// opposite. Paper: "Hybrid Random Features".
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "base/math_double.h"
#include "policies/attention/exponential_features.h"

namespace starling {
namespace {

// lambda = exp(-|q + k|^2 / (2 tau^2)) weighs the hyperbolic estimate: 1 where
// they are opposite. It is the mean of cos(o . (q + k) / tau) over normal o.
std::vector<FeatureMap::Group> Groups(int n) {
  std::vector<FeatureMap::Group> groups = {{0, 1}};
  const double share = 1.0 / n;
  groups.insert(groups.end(), 2 * n, {share, -share});
  return groups;
}

class GaussianHybrid : public FeatureMapOf<GaussianHybrid> {
 public:
  GaussianHybrid(const v1::GaussianHybridFeatures& config, int dim)
      : FeatureMapOf(dim, 4 * static_cast<int>(config.m()),
                     2 * static_cast<int>(config.m()),
                     Groups(static_cast<int>(config.n())),
                     /*is_softmax=*/true, /*is_signed=*/true),
        tau_(config.tau()),
        rows_(config.projections(), static_cast<int>(config.m()), dim, 0),
        waves_(config.projections(), static_cast<int>(config.n()), dim, 1) {}

  template <typename Real>
  void MapTokens(Side side, const Real* tokens, int count,
                 Features<Real>* features) const {
    BipolarBase(rows_, tokens, count, features);
    TokenMatrix<Real>& p = features->scratch.others;
    const int n = waves_.size();
    waves_.Project(tokens, count, &p);
    p.topRows(count) /= static_cast<Real>(tau_);
    Reserve(count, 2 * n + 1, &features->weights);
    // cos(a + b) = cos a cos b - sin a sin b.
    const Real sign = side == Side::kKey ? -1 : 1;
    for (int t = 0; t < count; ++t) {
      Real* const row = &features->weights(t, 0);
      row[0] = 1;
      SinCosOf(&p(t, 0), n, row + 1 + n, row + 1);
      for (int i = 0; i < n; ++i) row[1 + n + i] *= sign;
    }
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    const Eigen::MatrixXd& rows = waves_.exact();
    double lambda = 0;
    for (int i = 0; i < rows.rows(); ++i) {
      lambda += Cos(rows.row(i).dot(query + key) / tau_);
    }
    lambda /= static_cast<double>(rows.rows());
    return lambda * HyperbolicEstimate(rows_.exact(), query, key) +
           (1 - lambda) * TrigonometricEstimate(rows_.exact(), query, key);
  }

 private:
  const double tau_;
  const ProjectionRows rows_, waves_;
};

STARLING_REGISTER_FEATURES(gaussian_hybrid,
                           [](const v1::FeatureConfig& config, int dim)
                               -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
                             return std::make_unique<GaussianHybrid>(
                                 config.gaussian_hybrid(), dim);
                           });

}  // namespace
}  // namespace starling
