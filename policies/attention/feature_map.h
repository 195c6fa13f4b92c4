// Random features: vectors whose inner products estimate a kernel, so that
// attention costs time linear in the number of tokens.
#ifndef STARLING_POLICIES_ATTENTION_FEATURE_MAP_H_
#define STARLING_POLICIES_ATTENTION_FEATURE_MAP_H_

#include <Eigen/Core>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "base/registry.h"
#include "proto/attention.pb.h"

namespace starling {

// Tokens are rows.
template <typename Real>
using TokenMatrix =
    Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

enum class Side { kQuery, kKey };

// Of T tokens on one side. The features of a query q and a key k are
//
//   e^log_scale weights[g] base       for each group g,
//
// and the estimate is the sum over groups of
//
//   weights_q[g] weights_k[g] (first[g] a_q . a_k + second[g] b_q . b_k),
//
// times e^(log_scale_q + log_scale_k), where a is the first part of base, b the
// rest: the outer product of weights and base is never formed. No feature
// exceeds 1 by much, whatever the token's length. There may be more rows than
// tokens; those are no matter.
template <typename Real>
struct Features {
  TokenMatrix<Real> base;     // [T, base_size]
  TokenMatrix<Real> weights;  // [T, num_groups], or empty: all 1
  Eigen::Matrix<Real, Eigen::Dynamic, 1> log_scale;  // [T]

  // For the map: what it computes on the way.
  struct Scratch {
    TokenMatrix<Real> projections, others;
    Eigen::Matrix<Real, Eigen::Dynamic, 1> half_squares, far, near;
  } scratch;
};

// Makes room for so many rows; there may be more. Allocates where there is too
// little, so that tiles of any size share one workspace.
template <typename Real>
void Reserve(Eigen::Index rows, Eigen::Index columns,
             TokenMatrix<Real>* matrix) {
  if (matrix->rows() >= rows && matrix->cols() == columns) return;
  matrix->resize(rows, columns);
}
template <typename Real>
void Reserve(Eigen::Index size,
             Eigen::Matrix<Real, Eigen::Dynamic, 1>* vector) {
  if (vector->size() < size) vector->resize(size);
}

// Immutable and thread-safe: a pure function of its configuration and `dim`.
class FeatureMap {
 public:
  // How the groups enter: see Features.
  struct Group {
    double first, second;
  };

  virtual ~FeatureMap() = default;

  // Numbers of a token.
  int dim() const { return dim_; }
  // Features a group, and how many of them are the first part.
  int base_size() const { return base_size_; }
  int first_size() const { return first_size_; }
  const std::vector<Group>& groups() const { return groups_; }
  // Length of a feature vector, were it formed.
  int feature_dim() const {
    return base_size_ * static_cast<int>(groups_.size());
  }
  // Estimates exp(q . k), to which a shift of all keys makes no difference once
  // rows are normalised.
  bool is_softmax() const { return is_softmax_; }
  // Estimates may be below 0, and so may denominators.
  bool is_signed() const { return is_signed_; }
  // What it was made from.
  const v1::FeatureConfig& config() const { return config_; }

  // Of `count` tokens [count, dim], as the first rows of `features`. Allocates
  // only where that is too small for them.
  virtual void Map(Side side, const float* tokens, int count,
                   Features<float>* features) const = 0;
  // In double, one token at a time: to look at estimators, not for use.
  virtual void Map(Side side, const double* tokens, int count,
                   Features<double>* features) const = 0;

  // The estimate for one pair [dim] each by the formula that defines it, in
  // double.
  virtual double Estimate(const Eigen::VectorXd& query,
                          const Eigen::VectorXd& key) const = 0;

 protected:
  FeatureMap(int dim, int base_size, int first_size, std::vector<Group> groups,
             bool is_softmax, bool is_signed)
      : dim_(dim),
        base_size_(base_size),
        first_size_(first_size),
        groups_(std::move(groups)),
        is_softmax_(is_softmax),
        is_signed_(is_signed) {}

 private:
  friend absl::StatusOr<std::shared_ptr<const FeatureMap>> MakeFeatures(
      const v1::FeatureConfig& config, int dim);

  v1::FeatureConfig config_;
  const int dim_, base_size_, first_size_;
  const std::vector<Group> groups_;
  const bool is_softmax_, is_signed_;
};

// Make(config, dim): see MakeFeatures, which checks the options first.
using FeatureRegistry = Registry<FeatureMap, v1::FeatureConfig, int>;

// What `config` names, for tokens of `dim` numbers. InvalidArgument, naming the
// field: an option out of its range, dim < 1, or more than 2^24 features.
absl::StatusOr<std::shared_ptr<const FeatureMap>> MakeFeatures(
    const v1::FeatureConfig& config, int dim);

// For the file of a feature map, at namespace scope: the name is its field in
// v1::FeatureConfig.
#define STARLING_REGISTER_FEATURES(name, ...)               \
  [[maybe_unused]] static const bool name##_is_registered = \
      ::starling::FeatureRegistry::Register(#name, __VA_ARGS__)

// The estimate for one pair through the features, in double.
double EstimateByFeatures(const FeatureMap& map, const Eigen::VectorXd& query,
                          const Eigen::VectorXd& key);

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_FEATURE_MAP_H_
