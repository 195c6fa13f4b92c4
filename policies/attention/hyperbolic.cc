// Exponentials of projections and of their negatives. Paper: "Rethinking
// Attention with Performers".
#include <memory>
#include <utility>

#include "policies/attention/exponential_features.h"

namespace starling {
namespace {

class Hyperbolic : public FeatureMapOf<Hyperbolic> {
 public:
  Hyperbolic(const v1::HyperbolicFeatures& config, int dim)
      : FeatureMapOf(dim, 2 * static_cast<int>(config.m()),
                     2 * static_cast<int>(config.m()), {{1, 1}},
                     /*is_softmax=*/true, /*is_signed=*/false),
        epsilon_(config.epsilon()),
        rows_(config.projections(), static_cast<int>(config.m()), dim, 0) {}

  template <typename Real>
  void MapTokens(Side, const Real* tokens, int count,
                 Features<Real>* features) const {
    Prepare(rows_, tokens, count, base_size(), features);
    HyperbolicInto(count, 0, features, &features->log_scale);
    // The largest feature is the unit.
    const auto unit = static_cast<Real>(1 / std::sqrt(base_size()));
    if (epsilon_ > 0) {
      features->base.topRows(count).array() +=
          static_cast<Real>(epsilon_) * unit;
    }
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    return HyperbolicEstimate(rows_.exact(), query, key);
  }

 private:
  const float epsilon_;
  const ProjectionRows rows_;
};

STARLING_REGISTER_FEATURES(hyperbolic,
                           [](const v1::FeatureConfig& config, int dim)
                               -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
                             return std::make_unique<Hyperbolic>(
                                 config.hyperbolic(), dim);
                           });

}  // namespace
}  // namespace starling
