#include "policies/attention/kernel_error.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/math.h"
#include "base/math_double.h"
#include "base/status.h"
#include "policies/attention/feature_map.h"

namespace starling {
namespace {

// Lengths and angle of a pair, and the squared relative errors of the two
// estimators that hybrids mix.
struct Pair {
  Pair(double query_norm, double key_norm, double angle)
      : angle(angle),
        squares(query_norm * query_norm + key_norm * key_norm),
        difference(query_norm * query_norm - key_norm * key_norm),
        product(query_norm * key_norm * Cos(angle)),
        sum_square(std::max(0.0, squares + 2 * product)),
        difference_square(std::max(0.0, squares - 2 * product)) {}

  double Trigonometric(double m) const {
    const double rest = 1 - Exp(-difference_square);
    return Exp(sum_square - 4 * product) * rest * rest / (2 * m);
  }
  double Hyperbolic(double m) const {
    const double rest = 1 - Exp(-sum_square);
    return Exp(sum_square) * rest * rest / (2 * m);
  }
  double Positive(double m) const {
    return Exp(sum_square) * (1 - Exp(-sum_square)) / m;
  }
  // Of the two with the same rows.
  double Covariance(double m) const { return (Cos(difference) - 1) / m; }

  const double angle, squares, difference, product;
  // |q + k|^2 and |q - k|^2.
  const double sum_square, difference_square;
};

double Angular(const Pair& pair, double m, double n) {
  const double lambda = pair.angle / kPi;
  const double spread = lambda * (1 - lambda);
  return (lambda * lambda + spread / n) * pair.Hyperbolic(m) +
         ((1 - lambda) * (1 - lambda) + spread / n) * pair.Trigonometric(m) +
         2 * spread * (1 - 1 / n) * pair.Covariance(m);
}

double Gaussian(const Pair& pair, double m, double n, double tau) {
  const double square = pair.sum_square / (tau * tau);
  const double lambda = Exp(-square / 2);
  const double rest = 1 - Exp(-square);
  const double variance = rest * rest / (2 * n);
  return (lambda * lambda + variance) * pair.Hyperbolic(m) +
         ((1 - lambda) * (1 - lambda) + variance) * pair.Trigonometric(m) +
         2 * (lambda * (1 - lambda) - variance) * pair.Covariance(m);
}

}  // namespace

absl::StatusOr<double> RelativeError(const v1::FeatureConfig& features,
                                     double query_norm, double key_norm,
                                     double angle) {
  const Pair pair(query_norm, key_norm, angle);
  switch (features.kind_case()) {
    case v1::FeatureConfig::kTrigonometric:
      return std::sqrt(pair.Trigonometric(features.trigonometric().m()));
    case v1::FeatureConfig::kPositive:
      return std::sqrt(pair.Positive(features.positive().m()));
    case v1::FeatureConfig::kHyperbolic:
      return std::sqrt(pair.Hyperbolic(features.hyperbolic().m()));
    case v1::FeatureConfig::kAngularHybrid:
      return std::sqrt(Angular(pair, features.angular_hybrid().m(),
                               features.angular_hybrid().n()));
    case v1::FeatureConfig::kGaussianHybrid:
      return std::sqrt(Gaussian(pair, features.gaussian_hybrid().m(),
                                features.gaussian_hybrid().n(),
                                features.gaussian_hybrid().tau()));
    default:
      return absl::UnimplementedError(
          absl::StrCat("the error of ", FeatureRegistry::KindOf(features),
                       " features has no closed form"));
  }
}

absl::StatusOr<double> WorstRelativeError(const v1::FeatureConfig& features,
                                          double norm) {
  constexpr int kAngles = 2001;
  double worst = 0;
  for (int i = 0; i < kAngles; ++i) {
    ASSIGN_OR_RETURN(
        const double error,
        RelativeError(features, norm, norm, kPi * i / (kAngles - 1)));
    worst = std::max(worst, error);
  }
  return worst;
}

absl::StatusOr<double> MeanRelativeError(const v1::FeatureConfig& features,
                                         double norm) {
  constexpr int kAngles = 1000;
  double sum = 0;
  for (int i = 0; i < kAngles; ++i) {
    ASSIGN_OR_RETURN(
        const double error,
        RelativeError(features, norm, norm, kPi * (i + 0.5) / kAngles));
    sum += error;
  }
  return sum / kAngles;
}

std::string WarningOfError(const v1::FeatureConfig& features, double norm) {
  const auto error = MeanRelativeError(features, norm);
  if (!error.ok() || *error <= 1) return "";
  // Beyond that, also where the formula has overflowed: nobody compares.
  constexpr double kMost = 1e6;
  std::string warning = absl::StrFormat(
      "features.%s: for queries and keys of length %.3g the estimate of "
      "exp(q . k) is wrong by %s%.3g times its size on average; shorten them "
      "by a smaller scale",
      FeatureRegistry::KindOf(features), norm,
      *error < kMost ? "" : "more than ", *error < kMost ? *error : kMost);
  if (!(*error < kMost)) return warning;
  uint32_t projections = 0;
  switch (features.kind_case()) {
    case v1::FeatureConfig::kTrigonometric:
      projections = features.trigonometric().m();
      break;
    case v1::FeatureConfig::kPositive:
      projections = features.positive().m();
      break;
    case v1::FeatureConfig::kHyperbolic:
      projections = features.hyperbolic().m();
      break;
    case v1::FeatureConfig::kGaussianHybrid:
      projections =
          features.gaussian_hybrid().m() + features.gaussian_hybrid().n();
      break;
    default:
      return warning;
  }
  v1::FeatureConfig hybrid;
  const uint32_t n = std::max(1u, projections / 8);
  hybrid.mutable_angular_hybrid()->set_m(std::max(1u, projections - n));
  hybrid.mutable_angular_hybrid()->set_n(n);
  const auto better = MeanRelativeError(hybrid, norm);
  if (better.ok() && *better < *error) {
    absl::StrAppendFormat(
        &warning, ", or take angular_hybrid { m: %d n: %d }: %.3g times",
        hybrid.angular_hybrid().m(), n, *better);
  }
  return warning;
}

}  // namespace starling
