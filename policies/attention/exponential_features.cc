#include "policies/attention/exponential_features.h"

#include <algorithm>
#include <cmath>

#include "base/linalg.h"
#include "base/log.h"
#include "base/math.h"
#include "base/math_double.h"
#include "policies/attention/orthogonal.h"

namespace starling {
namespace {

template <typename Real>
using Vector = Eigen::Matrix<Real, Eigen::Dynamic, 1>;

// Seeds of projections, by what they are for.
constexpr uint32_t kFeatures = 17;

}  // namespace

void ExpOf(const float* x, int64_t n, float* y) { Exp(x, n, y); }
void CosOf(const float* x, int64_t n, float* y) { Cos(x, n, y); }
void SinOf(const float* x, int64_t n, float* y) { Sin(x, n, y); }
void ExpOf(const double* x, int64_t n, double* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = Exp(x[i]);
}
void CosOf(const double* x, int64_t n, double* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = Cos(x[i]);
}
void SinOf(const double* x, int64_t n, double* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = Sin(x[i]);
}
void SinCosOf(const float* x, int64_t n, float* sines, float* cosines) {
  SinCos(x, n, sines, cosines);
}
void SinCosOf(const double* x, int64_t n, double* sines, double* cosines) {
  SinOf(x, n, sines);
  CosOf(x, n, cosines);
}

float MaxOf(const float* x, int64_t n) { return Max(x, n); }
double MaxOf(const double* x, int64_t n) { return *std::max_element(x, x + n); }
void MultiplyAddOf(const float* x, int64_t n, float factor, float term,
                   float* y) {
  MultiplyAdd(x, n, factor, term, y);
}
void MultiplyAddOf(const double* x, int64_t n, double factor, double term,
                   double* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * factor + term;
}

ProjectionRows::ProjectionRows(const v1::Projections& config, int m, int dim,
                               uint32_t purpose) {
  Rng rng(
      DeriveSeed(config.seed(), Stream::kPolicyInit, kFeatures, purpose, 0));
  exact_ = RandomRows(m, dim, config.orthogonal(), config.length(), &rng);
  rows_ = exact_.transpose().cast<float>();
}

void ProjectionRows::Project(const float* tokens, int count,
                             TokenMatrix<float>* out) const {
  Reserve(count, size(), out);
  Gemm(tokens, rows_.data(), count, dim(), size(), false, out->data());
}

void ProjectionRows::Project(const double* tokens, int count,
                             TokenMatrix<double>* out) const {
  Reserve(count, size(), out);
  out->topRows(count) =
      Eigen::Map<const TokenMatrix<double>>(tokens, count, exact_.cols()) *
      exact_.transpose();
}

template <typename Real>
void HalfSquares(const Real* tokens, int count, int dim, Vector<Real>* out) {
  Reserve(count, out);
  for (int t = 0; t < count; ++t) {
    Real sum = 0;
    for (int i = 0; i < dim; ++i) {
      const Real x = tokens[static_cast<int64_t>(t) * dim + i];
      sum += x * x;
    }
    (*out)[t] = sum / 2;
  }
}
template void HalfSquares(const float*, int, int, Vector<float>*);
template void HalfSquares(const double*, int, int, Vector<double>*);

template <typename Real>
void Prepare(const ProjectionRows& rows, const Real* tokens, int count,
             int base_size, Features<Real>* features) {
  rows.Project(tokens, count, &features->scratch.projections);
  HalfSquares(tokens, count, rows.dim(), &features->scratch.half_squares);
  Reserve(count, base_size, &features->base);
  Reserve(count, &features->log_scale);
}
template void Prepare(const ProjectionRows&, const float*, int, int,
                      Features<float>*);
template void Prepare(const ProjectionRows&, const double*, int, int,
                      Features<double>*);

template <typename Real>
void HyperbolicInto(int count, int column, Features<Real>* features,
                    Vector<Real>* log_scale) {
  const TokenMatrix<Real>& p = features->scratch.projections;
  const auto m = static_cast<int>(p.cols());
  const Real unit = 1 / std::sqrt(static_cast<Real>(2 * m));
  for (int t = 0; t < count; ++t) {
    const Real* const from = &p(t, 0);
    Real* const to = &features->base(t, column);
    MultiplyAddOf(from, m, -1, 0, to + m);
    const Real largest = std::max(MaxOf(from, m), MaxOf(to + m, m));
    MultiplyAddOf(from, m, 1, -largest, to);
    MultiplyAddOf(to + m, m, 1, -largest, to + m);
    ExpOf(to, 2 * m, to);
    MultiplyAddOf(to, 2 * m, unit, 0, to);
    (*log_scale)[t] = largest - features->scratch.half_squares[t];
  }
}
template void HyperbolicInto(int, int, Features<float>*, Vector<float>*);
template void HyperbolicInto(int, int, Features<double>*, Vector<double>*);

template <typename Real>
void TrigonometricInto(int count, int column, Features<Real>* features,
                       Vector<Real>* log_scale) {
  const TokenMatrix<Real>& p = features->scratch.projections;
  const auto m = static_cast<int>(p.cols());
  const Real unit = 1 / std::sqrt(static_cast<Real>(m));
  for (int t = 0; t < count; ++t) {
    Real* const to = &features->base(t, column);
    SinCosOf(&p(t, 0), m, to + m, to);
    MultiplyAddOf(to, 2 * m, unit, 0, to);
    (*log_scale)[t] = features->scratch.half_squares[t];
  }
}
template void TrigonometricInto(int, int, Features<float>*, Vector<float>*);
template void TrigonometricInto(int, int, Features<double>*, Vector<double>*);

template <typename Real>
void BipolarBase(const ProjectionRows& rows, const Real* tokens, int count,
                 Features<Real>* features) {
  const int half = 2 * rows.size();
  Prepare(rows, tokens, count, 2 * half, features);
  Vector<Real>& far = features->scratch.far;
  Vector<Real>& near = features->scratch.near;
  Reserve(count, &far);
  Reserve(count, &near);
  HyperbolicInto(count, 0, features, &far);
  TrigonometricInto(count, half, features, &near);
  for (int t = 0; t < count; ++t) {
    const Real scale = std::max(far[t], near[t]);
    Real less[2] = {far[t] - scale, near[t] - scale};
    ExpOf(less, 2, less);
    features->base.row(t).head(half) *= less[0];
    features->base.row(t).tail(half) *= less[1];
    features->log_scale[t] = scale;
  }
}
template void BipolarBase(const ProjectionRows&, const float*, int,
                          Features<float>*);
template void BipolarBase(const ProjectionRows&, const double*, int,
                          Features<double>*);

double HyperbolicEstimate(const Eigen::MatrixXd& rows, const Eigen::VectorXd& q,
                          const Eigen::VectorXd& k) {
  const double half_squares = (q.squaredNorm() + k.squaredNorm()) / 2;
  double sum = 0;
  for (int i = 0; i < rows.rows(); ++i) {
    const double p = rows.row(i).dot(q + k);
    sum += Exp(p - half_squares) + Exp(-p - half_squares);
  }
  return sum / static_cast<double>(2 * rows.rows());
}

double TrigonometricEstimate(const Eigen::MatrixXd& rows,
                             const Eigen::VectorXd& q,
                             const Eigen::VectorXd& k) {
  double sum = 0;
  for (int i = 0; i < rows.rows(); ++i) {
    sum += Cos(rows.row(i).dot(q - k));
  }
  return Exp((q.squaredNorm() + k.squaredNorm()) / 2) * sum /
         static_cast<double>(rows.rows());
}

}  // namespace starling
