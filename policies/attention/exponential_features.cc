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
  out->topRows(count).noalias() =
      Eigen::Map<const TokenMatrix<float>>(tokens, count, rows_.rows()) * rows_;
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
void HyperbolicInto(const TokenMatrix<Real>& p,
                    const Vector<Real>& half_squares, int count, int column,
                    TokenMatrix<Real>* base, Vector<Real>* log_scale) {
  const int m = static_cast<int>(p.cols());
  const Real unit = 1 / std::sqrt(static_cast<Real>(2 * m));
  for (int t = 0; t < count; ++t) {
    const Real* const from = p.data() + static_cast<int64_t>(t) * m;
    Real* const to =
        base->data() + static_cast<int64_t>(t) * base->cols() + column;
    MultiplyAddOf(from, m, -1, 0, to + m);
    const Real largest = std::max(MaxOf(from, m), MaxOf(to + m, m));
    MultiplyAddOf(from, m, 1, -largest, to);
    MultiplyAddOf(to + m, m, 1, -largest, to + m);
    ExpOf(to, 2 * m, to);
    MultiplyAddOf(to, 2 * m, unit, 0, to);
    (*log_scale)[t] = largest - half_squares[t];
  }
}
template void HyperbolicInto(const TokenMatrix<float>&, const Vector<float>&,
                             int, int, TokenMatrix<float>*, Vector<float>*);
template void HyperbolicInto(const TokenMatrix<double>&, const Vector<double>&,
                             int, int, TokenMatrix<double>*, Vector<double>*);

template <typename Real>
void TrigonometricInto(const TokenMatrix<Real>& p,
                       const Vector<Real>& half_squares, int count, int column,
                       TokenMatrix<Real>* base, Vector<Real>* log_scale) {
  const int m = static_cast<int>(p.cols());
  const Real unit = 1 / std::sqrt(static_cast<Real>(m));
  for (int t = 0; t < count; ++t) {
    const Real* const from = p.data() + static_cast<int64_t>(t) * m;
    Real* const to =
        base->data() + static_cast<int64_t>(t) * base->cols() + column;
    CosOf(from, m, to);
    SinOf(from, m, to + m);
    MultiplyAddOf(to, 2 * m, unit, 0, to);
    (*log_scale)[t] = half_squares[t];
  }
}
template void TrigonometricInto(const TokenMatrix<float>&, const Vector<float>&,
                                int, int, TokenMatrix<float>*, Vector<float>*);
template void TrigonometricInto(const TokenMatrix<double>&,
                                const Vector<double>&, int, int,
                                TokenMatrix<double>*, Vector<double>*);

template <typename Real>
void BipolarBase(const ProjectionRows& rows, const Real* tokens, int count,
                 Features<Real>* features) {
  thread_local TokenMatrix<Real> p;
  thread_local Vector<Real> half_squares, far, near;
  rows.Project(tokens, count, &p);
  HalfSquares(tokens, count, rows.dim(), &half_squares);
  const int half = 2 * rows.size();
  Reserve(count, 2 * half, &features->base);
  Reserve(count, &features->log_scale);
  Reserve(count, &far);
  Reserve(count, &near);
  HyperbolicInto(p, half_squares, count, 0, &features->base, &far);
  TrigonometricInto(p, half_squares, count, half, &features->base, &near);
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
