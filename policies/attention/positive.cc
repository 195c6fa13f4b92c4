// Exponentials of projections: FAVOR+. Paper: "Rethinking Attention with
// Performers".
#include <cmath>
#include <memory>
#include <utility>

#include "base/math.h"
#include "policies/attention/exponential_features.h"

namespace starling {
namespace {

class Positive : public FeatureMapOf<Positive> {
 public:
  Positive(const v1::PositiveFeatures& config, int dim)
      : FeatureMapOf(dim, static_cast<int>(config.m()),
                     static_cast<int>(config.m()), {{1, 1}},
                     /*is_softmax=*/true, /*is_signed=*/false),
        epsilon_(config.epsilon()),
        rows_(config.projections(), static_cast<int>(config.m()), dim, 0) {}

  // e^(p - |u|^2 / 2) / sqrt(m). What is taken out is each token's largest
  // projection and its half square; epsilon comes after that, so that long
  // tokens keep their differences.
  template <typename Real>
  void MapTokens(Side, const Real* tokens, int count,
                 Features<Real>* features) const {
    TokenMatrix<Real>& base = features->base;
    rows_.Project(tokens, count, &base);
    HalfSquares(tokens, count, dim(), &features->log_scale);
    const int m = base_size();
    const Real unit = 1 / std::sqrt(static_cast<Real>(m));
    for (int t = 0; t < count; ++t) {
      Real* const row = base.data() + static_cast<int64_t>(t) * m;
      const Real largest = MaxOf(row, m);
      MultiplyAddOf(row, m, 1, -largest, row);
      features->log_scale[t] = largest - features->log_scale[t];
    }
    const int64_t size = static_cast<int64_t>(count) * m;
    ExpOf(base.data(), size, base.data());
    MultiplyAddOf(base.data(), size, unit, static_cast<Real>(epsilon_) * unit,
                  base.data());
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    const double half_squares = (query.squaredNorm() + key.squaredNorm()) / 2;
    double sum = 0;
    for (int i = 0; i < base_size(); ++i) {
      sum += Exp(rows_.exact().row(i).dot(query + key) - half_squares);
    }
    return sum / base_size();
  }

 private:
  const float epsilon_;
  const ProjectionRows rows_;
};

STARLING_REGISTER_FEATURES(positive,
                           [](const v1::FeatureConfig& config, int dim)
                               -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
                             return std::make_unique<Positive>(
                                 config.positive(), dim);
                           });

}  // namespace
}  // namespace starling
