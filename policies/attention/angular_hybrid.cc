// Trigonometric and hyperbolic features, mixed by an estimate of the angle
// between query and key. Paper: "Hybrid Random Features".
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "policies/attention/exponential_features.h"

namespace starling {
namespace {

// lambda = angle / pi weighs the hyperbolic estimate, 1 - lambda the
// trigonometric one. lambda is estimated by 1/2 - (1 / 2n) sum of s_q s_k,
// where s are the signs of n more projections: 0 where query and key are
// equal, 1 where they are opposite, with certainty.
std::vector<FeatureMap::Group> Groups(int n) {
  std::vector<FeatureMap::Group> groups = {{0.5, 0.5}};
  const double share = 0.5 / n;
  groups.insert(groups.end(), n, {-share, share});
  return groups;
}

class AngularHybrid : public FeatureMapOf<AngularHybrid> {
 public:
  AngularHybrid(const v1::AngularHybridFeatures& config, int dim)
      : FeatureMapOf(dim, 4 * static_cast<int>(config.m()),
                     2 * static_cast<int>(config.m()),
                     Groups(static_cast<int>(config.n())),
                     /*is_softmax=*/true, /*is_signed=*/true),
        rows_(config.projections(), static_cast<int>(config.m()), dim, 0),
        signs_(config.projections(), static_cast<int>(config.n()), dim, 1) {}

  template <typename Real>
  void MapTokens(Side, const Real* tokens, int count,
                 Features<Real>* features) const {
    BipolarBase(rows_, tokens, count, features);
    TokenMatrix<Real>& p = features->scratch.others;
    const int n = signs_.size();
    signs_.Project(tokens, count, &p);
    Reserve(count, n + 1, &features->weights);
    for (int t = 0; t < count; ++t) {
      features->weights(t, 0) = 1;
      for (int i = 0; i < n; ++i) {
        features->weights(t, i + 1) = p(t, i) < 0 ? -1 : 1;
      }
    }
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    const Eigen::MatrixXd& rows = signs_.exact();
    double agreement = 0;
    for (int i = 0; i < rows.rows(); ++i) {
      const bool differ =
          (rows.row(i).dot(query) < 0) != (rows.row(i).dot(key) < 0);
      agreement += differ ? -1 : 1;
    }
    const double lambda =
        0.5 - 0.5 * agreement / static_cast<double>(rows.rows());
    return lambda * HyperbolicEstimate(rows_.exact(), query, key) +
           (1 - lambda) * TrigonometricEstimate(rows_.exact(), query, key);
  }

 private:
  const ProjectionRows rows_, signs_;
};

STARLING_REGISTER_FEATURES(angular_hybrid,
                           [](const v1::FeatureConfig& config, int dim)
                               -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
                             return std::make_unique<AngularHybrid>(
                                 config.angular_hybrid(), dim);
                           });

}  // namespace
}  // namespace starling
