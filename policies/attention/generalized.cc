// Any function of projections. Paper: "Rethinking Attention with Performers".
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/math.h"
#include "policies/attention/exponential_features.h"

namespace starling {
namespace {

using Function = v1::GeneralizedFeatures::Function;

// In place.
template <typename Real>
void Apply(Function function, int64_t n, Real* x) {
  switch (function) {
    case v1::GeneralizedFeatures::RELU:
      for (int64_t i = 0; i < n; ++i) x[i] = x[i] < 0 ? 0 : x[i];
      return;
    case v1::GeneralizedFeatures::EXP:
      return ExpOf(x, n, x);
    case v1::GeneralizedFeatures::IDENTITY:
      return;
    case v1::GeneralizedFeatures::ABS:
      for (int64_t i = 0; i < n; ++i) x[i] = std::fabs(x[i]);
      return;
    case v1::GeneralizedFeatures::SQUARED_RELU:
      for (int64_t i = 0; i < n; ++i) x[i] = x[i] < 0 ? 0 : x[i] * x[i];
      return;
    case v1::GeneralizedFeatures::SIGMOID:
      for (int64_t i = 0; i < n; ++i) {
        x[i] = static_cast<Real>(Sigmoid(static_cast<float>(x[i])));
      }
      return;
    case v1::GeneralizedFeatures::TANH:
      for (int64_t i = 0; i < n; ++i) {
        x[i] = static_cast<Real>(Tanh(static_cast<float>(x[i])));
      }
      return;
    case v1::GeneralizedFeatures::COS:
      return CosOf(x, n, x);
    case v1::GeneralizedFeatures::SIN:
      return SinOf(x, n, x);
    case v1::GeneralizedFeatures::ELU_PLUS_ONE:
      for (int64_t i = 0; i < n; ++i) x[i] = x[i] > 0 ? x[i] + 1 : Exp(x[i]);
      return;
    case v1::GeneralizedFeatures::GELU:
      for (int64_t i = 0; i < n; ++i) {
        constexpr Real kRoot = 0.79788456080286535588;  // sqrt(2 / pi)
        const Real t = kRoot * (x[i] + Real{0.044715} * x[i] * x[i] * x[i]);
        x[i] *= (1 + Tanh(static_cast<float>(t))) / 2;
      }
      return;
  }
  LOG(FATAL) << "unknown function " << function;
}

bool IsSigned(Function function) {
  return function == v1::GeneralizedFeatures::IDENTITY ||
         function == v1::GeneralizedFeatures::TANH ||
         function == v1::GeneralizedFeatures::COS ||
         function == v1::GeneralizedFeatures::SIN ||
         function == v1::GeneralizedFeatures::GELU;
}

class Generalized : public FeatureMapOf<Generalized> {
 public:
  Generalized(const v1::GeneralizedFeatures& config, int dim)
      : FeatureMapOf(dim, Size(config, dim), Size(config, dim), {{1, 1}},
                     /*is_softmax=*/false, IsSigned(config.function())),
        function_(config.function()),
        epsilon_(config.epsilon()) {
    if (config.m() == 0) return;
    rows_.emplace(config.projections(), static_cast<int>(config.m()), dim, 0);
  }

  template <typename Real>
  void MapTokens(Side, const Real* tokens, int count,
                 Features<Real>* features) const {
    TokenMatrix<Real>& base = features->base;
    if (rows_) {
      rows_->Project(tokens, count, &base);
    } else {
      Reserve(count, dim(), &base);
      base.topRows(count) =
          Eigen::Map<const TokenMatrix<Real>>(tokens, count, dim());
    }
    Apply(function_, int64_t{count} * base_size(), base.data());
    const Real unit = 1 / std::sqrt(static_cast<Real>(base_size()));
    base.topRows(count).array() =
        (base.topRows(count).array() + static_cast<Real>(epsilon_)) * unit;
    Reserve(count, &features->log_scale);
    features->log_scale.head(count).setZero();
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    const auto features = [this](const Eigen::VectorXd& u) {
      Eigen::VectorXd f = rows_ ? Eigen::VectorXd(rows_->exact() * u) : u;
      Apply(function_, f.size(), f.data());
      return Eigen::VectorXd(f.array() + double{epsilon_});
    };
    return features(query).dot(features(key)) / base_size();
  }

 private:
  static int Size(const v1::GeneralizedFeatures& config, int dim) {
    return config.m() == 0 ? dim : static_cast<int>(config.m());
  }

  const Function function_;
  const float epsilon_;
  std::optional<ProjectionRows> rows_;
};

STARLING_REGISTER_FEATURES(generalized,
                           [](const v1::FeatureConfig& config, int dim)
                               -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
                             return std::make_unique<Generalized>(
                                 config.generalized(), dim);
                           });

}  // namespace
}  // namespace starling
