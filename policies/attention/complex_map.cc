#include "policies/attention/complex_map.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/log.h"
#include "base/math.h"
#include "base/math_double.h"

namespace starling {

ComplexMap::ComplexMap(std::vector<double> squares, int m)
    : squares_(std::move(squares)), m_(m) {
  for (const double square : squares_) {
    CHECK_NE(square, 0);
    sizes_.push_back(std::sqrt(std::fabs(square)));
  }
}

std::vector<double> ComplexMap::Tuned(const Eigen::VectorXd& query,
                                      const Eigen::VectorXd& key) {
  std::vector<double> squares;
  for (int j = 0; j < query.size(); ++j) {
    // Where both are 0 any will do.
    const double ratio = query[j] != 0 ? -key[j] / query[j]
                         : key[j] == 0 ? 1
                                       : HUGE_VAL;
    const double size = std::clamp(std::fabs(ratio), 1e-4, 1e4);
    squares.push_back(ratio < 0 ? -size : size);
  }
  return squares;
}

template <typename Real>
Real ComplexMap::MapInto(Side side, const ProjectionRows& rows,
                         const Real* token, Real* out,
                         typename Features<Real>::Scratch* scratch) const {
  const int dim = static_cast<int>(squares_.size());
  TokenMatrix<Real>& parts = scratch->others;
  TokenMatrix<Real>& p = scratch->projections;
  // The real and the imaginary part of u, or of v, as two tokens.
  Reserve(2, dim, &parts);
  parts.topRows(2).setZero();
  Real square = 0;
  for (int j = 0; j < dim; ++j) {
    const bool is_imaginary = squares_[j] < 0;
    const double factor =
        side == Side::kQuery ? sizes_[j] : (is_imaginary ? -1 : 1) / sizes_[j];
    const Real x = static_cast<Real>(factor) * token[j];
    parts(is_imaginary ? 1 : 0, j) = x;
    square += is_imaginary ? -x * x : x * x;
  }
  rows.Project(parts.data(), 2, &p);
  const Real largest = p.row(0).maxCoeff();
  const Real unit = 1 / std::sqrt(static_cast<Real>(m_));
  const Real sign = side == Side::kKey ? -1 : 1;
  Real* const cosines = out;
  Real* const sines = out + m_;
  SinCosOf(&p(1, 0), m_, sines, cosines);
  for (int i = 0; i < m_; ++i) p(0, i) -= largest;
  ExpOf(&p(0, 0), m_, &p(0, 0));
  for (int i = 0; i < m_; ++i) {
    cosines[i] *= p(0, i) * unit;
    sines[i] *= p(0, i) * unit * sign;
  }
  return largest - square / 2;
}
template float ComplexMap::MapInto(Side, const ProjectionRows&, const float*,
                                   float*, Features<float>::Scratch*) const;
template double ComplexMap::MapInto(Side, const ProjectionRows&, const double*,
                                    double*, Features<double>::Scratch*) const;

double ComplexMap::Estimate(const ProjectionRows& rows,
                            const Eigen::VectorXd& query,
                            const Eigen::VectorXd& key) const {
  Eigen::VectorXd real = Eigen::VectorXd::Zero(query.size());
  Eigen::VectorXd imaginary = real;
  double square = 0;
  for (int j = 0; j < query.size(); ++j) {
    const double u = sizes_[j] * query[j];
    if (squares_[j] > 0) {
      const double v = key[j] / sizes_[j];
      real[j] = u + v;
      square += u * u + v * v;
    } else {
      const double v = -key[j] / sizes_[j];
      imaginary[j] = u + v;
      square -= u * u + v * v;
    }
  }
  double sum = 0;
  for (int i = 0; i < m_; ++i) {
    sum += Exp(rows.exact().row(i).dot(real) - square / 2) *
           Cos(rows.exact().row(i).dot(imaginary));
  }
  return sum / m_;
}

}  // namespace starling
