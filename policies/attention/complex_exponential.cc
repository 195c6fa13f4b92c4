// Features that can be tuned to a pair of vectors. Paper: "Hybrid Random
// Features".
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "policies/attention/complex_map.h"

namespace starling {
namespace {

class ComplexExponential : public FeatureMapOf<ComplexExponential> {
 public:
  ComplexExponential(const v1::ComplexExponentialFeatures& config, int dim,
                     std::vector<double> squares)
      : FeatureMapOf(dim, 2 * static_cast<int>(config.m()),
                     2 * static_cast<int>(config.m()), {{1, 1}},
                     /*is_softmax=*/true, /*is_signed=*/true),
        rows_(config.projections(), static_cast<int>(config.m()), dim, 0),
        map_(std::move(squares), static_cast<int>(config.m())) {}

  template <typename Real>
  void MapTokens(Side side, const Real* tokens, int count,
                 Features<Real>* features) const {
    Reserve(count, base_size(), &features->base);
    Reserve(count, &features->log_scale);
    for (int t = 0; t < count; ++t) {
      features->log_scale[t] =
          map_.MapInto(side, rows_, tokens + static_cast<int64_t>(t) * dim(),
                       &features->base(t, 0), &features->scratch);
    }
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    return map_.Estimate(rows_, query, key);
  }

 private:
  const ProjectionRows rows_;
  const ComplexMap map_;
};

STARLING_REGISTER_FEATURES(
    complex_exponential,
    [](const v1::FeatureConfig& config,
       int dim) -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
      const v1::ComplexExponentialFeatures& options =
          config.complex_exponential();
      std::vector<double> squares(options.squares().begin(),
                                  options.squares().end());
      if (squares.empty()) squares.assign(dim, 1);
      if (static_cast<int>(squares.size()) != dim) {
        return absl::InvalidArgumentError(
            absl::StrCat("complex_exponential.squares: ", squares.size(),
                         " numbers for tokens of ", dim));
      }
      for (const double square : squares) {
        if (square == 0) {
          return absl::InvalidArgumentError(
              "complex_exponential.squares: 0 can't be inverted");
        }
      }
      return std::make_unique<ComplexExponential>(options, dim,
                                                  std::move(squares));
    });

}  // namespace
}  // namespace starling
