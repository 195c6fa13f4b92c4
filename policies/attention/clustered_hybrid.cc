// A tuned estimator for each pair of a cluster of queries and one of keys.
// Paper: "Hybrid Random Features".
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "policies/attention/complex_map.h"

namespace starling {
namespace {

using Centres = std::vector<Eigen::VectorXd>;

template <typename Real>
int Nearest(const Centres& centres, const Real* token) {
  int nearest = 0;
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < centres.size(); ++i) {
    double distance = 0;
    for (int j = 0; j < centres[i].size(); ++j) {
      const double difference = double{token[j]} - centres[i][j];
      distance += difference * difference;
    }
    if (distance < least) {
      least = distance;
      nearest = static_cast<int>(i);
    }
  }
  return nearest;
}

// Block (k, l) of a query's features is filled if it belongs to cluster k, of a
// key's if it belongs to cluster l: one block counts in each product.
class ClusteredHybrid : public FeatureMapOf<ClusteredHybrid> {
 public:
  ClusteredHybrid(const v1::ClusteredHybridFeatures& config, int dim,
                  Centres queries, Centres keys)
      : FeatureMapOf(dim, Size(config), Size(config), {{1, 1}},
                     /*is_softmax=*/true, /*is_signed=*/true),
        block_(2 * static_cast<int>(config.m())),
        queries_(std::move(queries)),
        keys_(std::move(keys)),
        rows_(config.projections(), static_cast<int>(config.m()), dim, 0) {
    for (const Eigen::VectorXd& query : queries_) {
      for (const Eigen::VectorXd& key : keys_) {
        maps_.emplace_back(ComplexMap::Tuned(query, key),
                           static_cast<int>(config.m()));
      }
    }
  }

  template <typename Real>
  void MapTokens(Side side, const Real* tokens, int count,
                 Features<Real>* features) const {
    Reserve(count, base_size(), &features->base);
    features->base.topRows(count).setZero();
    Reserve(count, &features->log_scale);
    const int num_keys = static_cast<int>(keys_.size());
    const int num_blocks =
        side == Side::kQuery ? num_keys : static_cast<int>(queries_.size());
    auto& scales = features->scratch.far;
    Reserve(num_blocks, &scales);
    for (int t = 0; t < count; ++t) {
      const Real* const token = tokens + static_cast<int64_t>(t) * dim();
      const int cluster =
          Nearest(side == Side::kQuery ? queries_ : keys_, token);
      const auto pair = [&](int i) {
        return side == Side::kQuery ? cluster * num_keys + i
                                    : i * num_keys + cluster;
      };
      for (int i = 0; i < num_blocks; ++i) {
        scales[i] = maps_[pair(i)].MapInto(side, rows_, token,
                                           &features->base(t, pair(i) * block_),
                                           &features->scratch);
      }
      const Real scale = scales.head(num_blocks).maxCoeff();
      features->log_scale[t] = scale;
      for (int i = 0; i < num_blocks; ++i) {
        scales[i] -= scale;
        ExpOf(&scales[i], 1, &scales[i]);
        features->base.row(t).segment(pair(i) * block_, block_) *= scales[i];
      }
    }
  }

  double Estimate(const Eigen::VectorXd& query,
                  const Eigen::VectorXd& key) const override {
    const size_t pair = Nearest(queries_, query.data()) * keys_.size() +
                        static_cast<size_t>(Nearest(keys_, key.data()));
    return maps_[pair].Estimate(rows_, query, key);
  }

 private:
  static int Size(const v1::ClusteredHybridFeatures& config) {
    return 2 * static_cast<int>(config.m()) * config.queries_size() *
           config.keys_size();
  }

  const int block_;
  const Centres queries_, keys_;
  const ProjectionRows rows_;
  std::vector<ComplexMap> maps_;
};

absl::StatusOr<Centres> ToCentres(
    const google::protobuf::RepeatedPtrField<v1::Centre>& centres, int dim,
    const char* name) {
  Centres made;
  for (const v1::Centre& centre : centres) {
    if (centre.values_size() != dim) {
      return absl::InvalidArgumentError(
          absl::StrCat("clustered_hybrid.", name, ": a centre of ",
                       centre.values_size(), " numbers for tokens of ", dim));
    }
    made.push_back(
        Eigen::Map<const Eigen::VectorXd>(centre.values().data(), dim));
  }
  if (made.empty() || made.size() > 64) {
    return absl::InvalidArgumentError(absl::StrCat(
        "clustered_hybrid.", name, ": ", made.size(), " centres, not 1 to 64"));
  }
  return made;
}

STARLING_REGISTER_FEATURES(
    clustered_hybrid,
    [](const v1::FeatureConfig& config,
       int dim) -> absl::StatusOr<std::unique_ptr<FeatureMap>> {
      const v1::ClusteredHybridFeatures& options = config.clustered_hybrid();
      auto queries = ToCentres(options.queries(), dim, "queries");
      if (!queries.ok()) return queries.status();
      auto keys = ToCentres(options.keys(), dim, "keys");
      if (!keys.ok()) return keys.status();
      return std::make_unique<ClusteredHybrid>(
          options, dim, *std::move(queries), *std::move(keys));
    });

}  // namespace
}  // namespace starling
