// Cosines and sines. Paper: "Random Features for Large-Scale Kernel Machines".
#include <memory>
#include <utility>

#include "policies/attention/exponential_features.h"

namespace starling {
namespace {

class Trigonometric : public FeatureMapOf<Trigonometric> {
 public:
  Trigonometric(const v1::TrigonometricFeatures& config, int dim)
      : FeatureMapOf(dim, 2 * static_cast<int>(config.m()),
                     2 * static_cast<int>(config.m()), {{1, 1}},
                     /*is_softmax=*/true, /*is_signed=*/true),
        rows_(config.projections(), static_cast<int>(config.m()), dim, 0) {}

  template <typename Real>
  void MapTokens(Side, const Real* tokens, int count,
                 Features<Real>* features) const {
    Prepare(rows_, tokens, count, base_size(), features);
    TrigonometricInto(count, 0, features, &features->log_scale);
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    return TrigonometricEstimate(rows_.exact(), query, key);
  }

 private:
  const ProjectionRows rows_;
};

STARLING_REGISTER_FEATURES(trigonometric,
                           [](const v1::FeatureConfig& config, int dim)
                               -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
                             return std::make_unique<Trigonometric>(
                                 config.trigonometric(), dim);
                           });

}  // namespace
}  // namespace starling
