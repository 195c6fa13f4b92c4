// What the estimators of exp(q . k) have in common: projections on random rows,
// and exponentials, cosines and sines of them.
#ifndef STARLING_POLICIES_ATTENTION_EXPONENTIAL_FEATURES_H_
#define STARLING_POLICIES_ATTENTION_EXPONENTIAL_FEATURES_H_

#include <Eigen/Core>

#include "base/rng.h"
#include "policies/attention/feature_map.h"
#include "proto/attention.pb.h"

namespace starling {

// y = f(x), n numbers, with the functions of base/math.
void ExpOf(const float* x, int64_t n, float* y);
void ExpOf(const double* x, int64_t n, double* y);
void CosOf(const float* x, int64_t n, float* y);
void CosOf(const double* x, int64_t n, double* y);
void SinOf(const float* x, int64_t n, float* y);
void SinOf(const double* x, int64_t n, double* y);
void SinCosOf(const float* x, int64_t n, float* sines, float* cosines);
void SinCosOf(const double* x, int64_t n, double* sines, double* cosines);

// Max and MultiplyAdd of base/linalg, in doubles as well.
float MaxOf(const float* x, int64_t n);
double MaxOf(const double* x, int64_t n);
void MultiplyAddOf(const float* x, int64_t n, float factor, float term,
                   float* y);
void MultiplyAddOf(const double* x, int64_t n, double factor, double term,
                   double* y);

// Random rows in both precisions.
class ProjectionRows {
 public:
  // Independent of those of another `purpose` under the same seed.
  ProjectionRows(const v1::Projections& config, int m, int dim,
                 uint32_t purpose);

  int size() const { return static_cast<int>(exact_.rows()); }
  int dim() const { return static_cast<int>(exact_.cols()); }
  const Eigen::MatrixXd& exact() const { return exact_; }
  // [count, size] = tokens [count, dim] times the rows; in floats by Gemm.
  void Project(const float* tokens, int count, TokenMatrix<float>* out) const;
  void Project(const double* tokens, int count, TokenMatrix<double>* out) const;

 private:
  Eigen::MatrixXd exact_;
  // [dim, size]
  TokenMatrix<float> rows_;
};

// |u|^2 / 2 of each token.
template <typename Real>
void HalfSquares(const Real* tokens, int count, int dim,
                 Eigen::Matrix<Real, Eigen::Dynamic, 1>* out);

// Projections and half squares of tokens, into the scratch of `features`, which
// get room for `base_size` each.
template <typename Real>
void Prepare(const ProjectionRows& rows, const Real* tokens, int count,
             int base_size, Features<Real>* features);

// The two estimators that hybrids mix, of `count` tokens that are prepared.
// Each writes 2 m columns of the base from `column` on, and the logarithm of
// what they are to be multiplied by.
//
//   hyperbolic     [exp(p), exp(-p)] e^(-|u|^2 / 2) / sqrt(2 m)
//   trigonometric  [cos(p), sin(p)] e^(|u|^2 / 2) / sqrt(m)
template <typename Real>
void HyperbolicInto(int count, int column, Features<Real>* features,
                    Eigen::Matrix<Real, Eigen::Dynamic, 1>* log_scale);
template <typename Real>
void TrigonometricInto(int count, int column, Features<Real>* features,
                       Eigen::Matrix<Real, Eigen::Dynamic, 1>* log_scale);

// Both of them, the hyperbolic ones first, under one scale: base and log_scale
// of `features`.
template <typename Real>
void BipolarBase(const ProjectionRows& rows, const Real* tokens, int count,
                 Features<Real>* features);

// The same estimates for one pair, by their definitions.
double HyperbolicEstimate(const Eigen::MatrixXd& rows, const Eigen::VectorXd& q,
                          const Eigen::VectorXd& k);
double TrigonometricEstimate(const Eigen::MatrixXd& rows,
                             const Eigen::VectorXd& q,
                             const Eigen::VectorXd& k);

// A feature map from a template over the number type.
template <typename Derived>
class FeatureMapOf : public FeatureMap {
 public:
  void Map(Side side, const float* tokens, int count,
           Features<float>* features) const final {
    static_cast<const Derived*>(this)->MapTokens(side, tokens, count, features);
  }
  void Map(Side side, const double* tokens, int count,
           Features<double>* features) const final {
    static_cast<const Derived*>(this)->MapTokens(side, tokens, count, features);
  }

 protected:
  using FeatureMap::FeatureMap;
};

}  // namespace starling

#endif  // STARLING_POLICIES_ATTENTION_EXPONENTIAL_FEATURES_H_
