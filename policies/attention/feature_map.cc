#include "policies/attention/feature_map.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/math.h"
#include "base/status.h"
#include "base/validate.h"

namespace starling {

absl::StatusOr<std::shared_ptr<const FeatureMap>> MakeFeatures(
    const v1::FeatureConfig& config, int dim) {
  constexpr int64_t kMostFeatures = 1 << 24;
  if (dim < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "features: tokens of ", dim, " numbers; there must be at least 1"));
  }
  if (const auto wrong = RangeViolations(config, {}); !wrong.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("features.", absl::StrJoin(wrong, "; features.")));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<FeatureMap> map,
                   FeatureRegistry::Make(config, dim));
  map->config_ = config;
  const auto size =
      int64_t{map->base_size()} * static_cast<int64_t>(map->groups().size());
  if (size > kMostFeatures) {
    return absl::InvalidArgumentError(
        absl::StrCat("features.", FeatureRegistry::KindOf(config), ": ", size,
                     " features, more than ", kMostFeatures, "; lower m or n"));
  }
  return std::shared_ptr<const FeatureMap>(std::move(map));
}

double EstimateByFeatures(const FeatureMap& map, const Eigen::VectorXd& query,
                          const Eigen::VectorXd& key) {
  Features<double> q, k;
  map.Map(Side::kQuery, query.data(), 1, &q);
  map.Map(Side::kKey, key.data(), 1, &k);
  const int first = map.first_size(), rest = map.base_size() - first;
  const double a = q.base.row(0).head(first).dot(k.base.row(0).head(first));
  const double b = q.base.row(0).tail(rest).dot(k.base.row(0).tail(rest));
  double sum = 0;
  for (size_t g = 0; g < map.groups().size(); ++g) {
    const FeatureMap::Group& group = map.groups()[g];
    const auto i = static_cast<Eigen::Index>(g);
    const double weight =
        q.weights.size() == 0 ? 1 : q.weights(0, i) * k.weights(0, i);
    sum += weight * (group.first * a + group.second * b);
  }
  return sum * Exp(q.log_scale[0] + k.log_scale[0]);
}

}  // namespace starling
